# SPDX-License-Identifier: MIT OR Apache-2.0
"""The statements of a C++ source, by a small parser.

It knows the C++ of core/: laid out by clang-format, no macros that open a block. It finds functions,
their statements and conditions, and the initialisers of constants. What it can't read it leaves out.
"""
import re

TOKEN = re.compile(r"""
    //[^\n]* | /\*.*?\*/ | ^[ ]*\#(?:[^\n]*\\\n)*[^\n]*
  | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])'
  | [A-Za-z_]\w* | [0-9](?:'?[0-9A-Za-z_.])*
  | <<= | >>= | -> | \+\+ | -- | << | <= | >= | == | != | && | \|\| | [-+*/%&|^]= | :: | \.\.\.
  | \S""", re.S | re.X | re.M)

OPEN, CLOSE = "([{", ")]}"
DECLARES = {"const", "auto", "static", "constexpr", "constinit", "using", "alignas", "typedef", "struct"}
TYPE_AND_NAME = re.compile(r"^[\w:]+(<[^;=]*>)?[\s*&]+\w+\s*[=;{(\[]")


class Token:
    def __init__(self, text, start):
        self.text, self.start, self.end = text, start, start + len(text)


class Statement:
    """kind: call (an expression), declaration, if, while, for, do, return, jump, block, switch.
    [first, last] are its tokens; condition those of its condition; parts the statements within,
    those of a lambda included; bodies the blocks (lists) that they form."""

    def __init__(self, kind, first):
        self.kind, self.first, self.last = kind, first, first
        self.condition, self.bodies, self.parts = None, [], []


class Function:
    def __init__(self, name, head, body):
        self.name, self.head, self.body = name, head, body


class Source:
    """functions: those with a body. constants: (name, first, last) of initialisers outside of them."""

    def __init__(self, text):
        self.text, self.functions, self.constants = text, [], []
        self.tokens = [Token(m.group(), m.start()) for m in TOKEN.finditer(text)]
        self.tokens = [t for t in self.tokens if not t.text.lstrip().startswith(("//", "/*", "#"))]
        self.partner = self._match()
        self._scope(0, len(self.tokens), "")

    def at(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def texts(self, first, last):
        """The source from token `first` to token `last`, without its line breaks."""
        return " ".join(self.text[self.tokens[first].start:self.tokens[last].end].split())

    def _match(self):
        partner, stack = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in OPEN:
                stack.append(i)
            elif token.text in CLOSE:
                partner[i] = stack.pop()
                partner[partner[i]] = i
        return partner

    # ---- outside of functions
    def _scope(self, i, end, name):
        head = i  # where the declaration starts
        while i < end:
            text = self.at(i)
            if text in ("(", "["):
                i = self.partner[i]
            elif text == "{":
                i = self._braces(head, i, name)
                if self.at(i + 1) not in (";", ",", "(", "{", "}", "=") or self._is_body(head, i):
                    head = i + 1
            elif text == ";":
                self._constant(head, i, name)
                head = i + 1
            elif text == ":" and self.at(i - 1) in ("public", "private", "protected"):
                head = i + 1
            i += 1

    def _is_body(self, head, close):
        return any(f.head == head for f in self.functions[-1:]) and self.at(close + 1) != ";"

    def _top(self, first, last):
        """The tokens between that stand in no brackets."""
        i = first
        while i < last:
            yield i
            i = self.partner[i] + 1 if self.at(i) in OPEN else i + 1

    def _kind_of_scope(self, head, brace):
        for i in self._top(head, brace):
            if self.at(i) in ("namespace", "class", "struct", "union", "enum"):
                return self.at(i)
            if self.at(i) == "(" and self.at(i - 1) not in ("alignas", "__attribute__"):
                return ""
        return ""

    # From a brace outside of functions to its partner, which it returns.
    def _braces(self, head, brace, name):
        close, kind = self.partner[brace], self._kind_of_scope(head, brace)
        top = list(self._top(head, brace))
        words = [self.at(i) for i in top]
        if kind == "enum":
            pass
        elif kind == "namespace" or words[:1] == ["extern"]:
            self._scope(brace + 1, close, name)
        elif kind:
            names = [w for w in words[words.index(kind) + 1:] if re.match(r"[A-Za-z_]", w)
                     and w not in ("alignas", "final")]
            self._scope(brace + 1, close, name + (names[0] + "::" if names else ""))
        elif "=" in words and "operator" not in words:
            label = self.at(top[words.index("=")] - 1)
            if self.at(brace - 1) in ("]", ")"):
                self._function(name + label, head, brace)
        else:
            opening = [i for i in top if self.at(i) == "(" and
                       self.at(i - 1) not in ("alignas", "__attribute__", "requires")]
            if opening and (self.at(brace - 1) in (")", "}", "const", "noexcept", "override")
                            or "->" in words):
                self._function(name + self._name_before(opening[0]), head, brace)
        return close

    def _name_before(self, opening):
        i = opening - 1
        while self.at(i - 1) == "::" or self.at(i - 1) in ("operator", "~"):
            i -= 2 if self.at(i - 1) == "::" else 1
        return "".join(self.at(j) for j in range(i, opening))

    def _function(self, name, head, brace):
        self.functions.append(Function(name, head, self._block(brace)))

    def _constant(self, head, semicolon, name):
        words = [self.at(i) for i in self._top(head, semicolon)]
        if "=" not in words or words[0] in ("static_assert", "using", "template", "friend"):
            return
        equals = list(self._top(head, semicolon))[words.index("=")]
        if equals + 1 < semicolon and self.at(equals - 1) not in (")", "operator"):
            self.constants.append((name + self.at(equals - 1), equals + 1, semicolon - 1))

    # ---- within functions
    def _block(self, brace):
        statements, i = [], brace + 1
        while i < self.partner[brace]:
            statement = self._statement(i)
            statements.append(statement)
            i = statement.last + 1
        return statements

    def _statement(self, i):
        while self.at(i) in ("case", "default"):
            while self.at(i) != ":":
                i += 1
            i += 1
        word = self.at(i)
        if word == "{":
            statement = Statement("block", i)
            statement.bodies = [self._block(i)]
            statement.last = self.partner[i]
        elif word in ("if", "while", "for", "switch"):
            statement = self._with_condition(word, i)
        elif word == "do":
            statement = Statement("do", i)
            body = self._statement(i + 1)
            self._put(statement, body)
            opening = body.last + 2
            statement.condition = (opening + 1, self.partner[opening] - 1)
            statement.last = self.partner[opening] + 1
        else:
            statement = self._simple(i)
        statement.parts += [part for body in statement.bodies for part in body]
        return statement

    def _put(self, statement, inner):
        statement.bodies.append(inner.bodies[0] if inner.kind == "block" else [inner])

    def _with_condition(self, word, i):
        statement = Statement(word, i)
        opening = i + 1 if self.at(i + 1) == "(" else i + 2  # if constexpr
        close = self.partner[opening]
        statement.condition = self._condition(word, opening, close)
        statement.parts += self._lambdas(opening, close)
        body = close + 1
        while self.at(body) == "[" and self.at(body + 1) == "[":
            body = self.partner[body] + 1
        inner = self._statement(body)
        self._put(statement, inner)
        statement.last = inner.last
        if word == "if" and self.at(inner.last + 1) == "else":
            other = self._statement(inner.last + 2)
            self._put(statement, other)
            statement.last = other.last
        return statement

    # What of the brackets is the condition: behind the semicolons; None in a loop over a range.
    def _condition(self, word, opening, close):
        semicolons = [i for i in self._top(opening + 1, close) if self.at(i) == ";"]
        if word == "for":
            if len(semicolons) != 2 or semicolons[1] == semicolons[0] + 1:
                return None
            return semicolons[0] + 1, semicolons[1] - 1
        return (semicolons[-1] if semicolons else opening) + 1, close - 1

    def _simple(self, i):
        statement = Statement("call", i)
        end = next(j for j in self._top(i, len(self.tokens)) if self.at(j) == ";")
        statement.last = end
        if self.at(i) == "return":
            statement.kind = "return"
        elif self.at(i) in ("break", "continue", "goto"):
            statement.kind = "jump"
        elif self.at(i) in DECLARES or self.at(i) == "[" or TYPE_AND_NAME.match(self.texts(i, end)):
            statement.kind = "declaration"
        statement.parts = self._lambdas(i, end)
        return statement

    def _lambdas(self, first, last):
        parts, i = [], first
        while i < last:
            if self.at(i) == "{" and self._opens_lambda(i):
                parts += self._block(i)
                i = self.partner[i]
            i += 1
        return parts

    def _opens_lambda(self, brace):
        i = brace - 1
        if self.at(i) == ")":
            i = self.partner[i] - 1
        return self.at(i) == "]" and not re.match(r"\w|[)\]]", self.at(self.partner[i] - 1) or " ")


def walk(statements):
    """Every statement, those within others too."""
    for statement in statements:
        yield statement
        yield from walk(statement.parts)
