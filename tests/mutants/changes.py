# SPDX-License-Identifier: MIT OR Apache-2.0
"""The mutants of a source: every place that is changed, one at a time, with a name.

A name is `file function kind text`: the text of the statement with the changed part between @, and an
ordinal if several are equal. It has no line number, so that an edit elsewhere leaves it as it is.
"""
import bisect
import re

import cpp

WEAKER = {"load": {"seq_cst": ["acquire"], "acquire": ["relaxed"]},
          "store": {"seq_cst": ["release"], "release": ["relaxed"]},
          "": {"seq_cst": ["acq_rel"], "acq_rel": ["acquire", "release"], "acquire": ["relaxed"],
               "release": ["relaxed"]}}
BOUNDS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
# What ends the operand of a logical operator, at its level.
STOPS = {"&&", "||", "?", ":", ",", ";", "=", "return"}
LONGEST = 120


class Mutant:
    """One change of a file: the characters [start, end) become `text`. lines: those of the statement, around
    them those of the function. part: "constant" and "template" may be compiled into the tests, too."""

    def __init__(self, file, function, kind, place, change, lines, around, part):
        self.file, self.function, self.kind, self.place = file, function, kind, place
        self.start, self.end, self.text = change
        self.lines, self.around, self.part, self.name = lines, around, part, ""

    def apply(self, source):
        return source[:self.start] + self.text + source[self.end:]


class Finder:
    def __init__(self, file, text):
        self.file, self.source, self.found = file, cpp.Source(text), []
        self.breaks = [m.start() for m in re.finditer("\n", text)]
        self.function, self.part, self.around = "", "", None

    def line(self, offset):
        return bisect.bisect_left(self.breaks, offset) + 1

    # ---- what is changed, in [first, last] of the tokens, within the statement [context]
    def add(self, kind, context, first, last, replacement):
        tokens, text = self.source.tokens, self.source.text
        start, end = tokens[first].start, tokens[last].end
        # As many lines as before: the places of what follows stay.
        replacement += "\n" * (text.count("\n", start, end) - replacement.count("\n"))
        context = tokens[context[0]].start, tokens[context[1]].end
        before, inside, after = (" ".join(re.sub(r"//[^\n]*", "", text[a:b]).split())
                                 for a, b in ((context[0], start), (start, end), (end, context[1])))
        room = max((LONGEST - min(len(inside), LONGEST)) // 2, 12)
        before = "..." + before[-room:] if len(before) > room + 3 else before
        after = after[:room] + "..." if len(after) > room + 3 else after
        inside = inside[:LONGEST] + "..." if len(inside) > LONGEST + 3 else inside
        lines = self.line(start), self.line(end - 1)
        self.found.append(Mutant(self.file, self.function, kind, f"{before}@{inside}@{after}",
                                 (start, end, replacement), lines, self.around or lines, self.part))

    def expression(self, first, last, context=None):
        context = context or (first, last)
        skip_to = first
        for i in range(first, last + 1):
            text = self.source.at(i)
            # The statements of a lambda are found by themselves.
            if i < skip_to:
                continue
            if text == "{" and self.source._opens_lambda(i):
                skip_to = self.source.partner[i]
            elif text.startswith("memory_order_"):
                self.order(context, i)
            elif text[0].isdigit():
                self.add("plus-one", context, i, i, f"({text} + 1)")
                if text.rstrip("uU") not in ("0", "1"):
                    self.add("minus-one", context, i, i, f"({text} - 1)")
            elif text in BOUNDS and self.is_spaced(i):
                self.add("bound", context, i, i, BOUNDS[text])
            elif text in ("&&", "||") and self.is_spaced(i):
                self.operands(context, i, first, last)
            elif text == "?":
                begin = self.reach(i, -1, first, {",", ";", "=", "return", "?", ":"})
                condition = self.source.text[self.source.tokens[begin].start:self.source.tokens[i - 1].end]
                self.add("turn", context, begin, i - 1, f"!({condition})")

    def is_spaced(self, i):
        token, text = self.source.tokens[i], self.source.text
        return text[token.start - 1].isspace() and text[token.end].isspace()

    def reach(self, i, step, limit, stops):
        """The last token of the operand that starts beside token i."""
        i += step
        while (i - limit) * step < 0:
            following = i
            if self.source.at(i) in (cpp.CLOSE if step < 0 else cpp.OPEN):
                following = self.source.partner[i]
            after = self.source.at(following + step)
            if after in stops or after in (cpp.OPEN if step < 0 else cpp.CLOSE):
                return following
            i = following + step
        return i

    # Both operands of the operator at token i; that on the left only if it is the first.
    def operands(self, context, i, first, last):
        neutral = "true" if self.source.at(i) == "&&" else "false"
        begin = self.reach(i, -1, first, STOPS)
        if self.source.at(begin - 1) != self.source.at(i):
            self.add("operand", context, begin, i - 1, neutral)
        end = self.reach(i, 1, last, STOPS)
        self.add("operand", context, i + 1, end, neutral)

    def order(self, context, i):
        depth, j = 0, i
        while depth >= 0 and j > context[0]:  # to the bracket of the call
            j -= 1
            depth += (self.source.at(j) in cpp.CLOSE) - (self.source.at(j) in cpp.OPEN)
        call = self.source.at(j - 1)
        table = WEAKER["load" if call == "load" else "store" if call == "store" else ""]
        for weaker in table.get(self.source.at(i).removeprefix("memory_order_"), []):
            self.add("order-" + weaker, context, i, i, "memory_order_" + weaker)

    # ---- statements
    def statements(self, block):
        for statement, following in zip(block, block[1:] + [None]):
            self.statement(statement)
            for body in statement.bodies:
                self.statements(body)
            inner = [part for part in statement.parts if all(part not in body for body in statement.bodies)]
            self.statements(inner)
            if following and self.may_swap(statement, following):
                self.swap(statement, following)

    def is_left_out(self, statement):
        return self.source.at(statement.first) in ("EMMA_ASSERT", "static_assert", "using", ";",
                                                   "__builtin_prefetch", "__builtin_unreachable")

    def statement(self, statement):
        first, last = statement.first, statement.last
        if self.is_left_out(statement):
            return
        if statement.kind in ("if", "while", "for", "do", "switch"):
            head = self.source.partner[first + 1] if self.source.at(first + 1) == "(" else first
            if statement.kind in ("if", "while", "for"):
                self.expression(first, head, (first, head))
            elif statement.condition:
                self.expression(*statement.condition)
            if statement.condition and statement.kind != "switch":
                self.condition(statement, (first, head) if statement.kind != "do" else statement.condition)
        elif statement.kind != "block":
            self.expression(first, last)
            if statement.kind in ("call", "jump"):
                self.add("drop", (first, last), first, last, "{}")

    def condition(self, statement, context):
        first, last = statement.condition
        declares = any(self.source.at(i) == "=" for i in self.source._top(first, last))
        if statement.kind == "if" and not declares:
            self.add("always", context, first, last, "true")
        text = self.source.text[self.source.tokens[first].start:self.source.tokens[last].end]
        self.add("never", context, first, last, text + "; false" if declares else "false")

    # Declarations are swapped too: what is read too early or too late is a kind of fault. Not two plain
    # assignments of different things: the compiler may swap those itself.
    def may_swap(self, one, other):
        if self.is_left_out(one) or self.is_left_out(other):
            return False
        if not {one.kind, other.kind} <= {"call", "declaration"}:
            return False
        texts = [self.source.texts(s.first, s.last) for s in (one, other)]
        targets = [set(re.findall(r"\w+", text.split(" = ")[0])) for text in texts]
        is_plain = all("(" not in text or "static_cast" in text for text in texts)
        return not is_plain or bool(targets[0] & set(re.findall(r"\w+", texts[1].split(" = ")[-1])))

    def swap(self, one, other):
        tokens, text = self.source.tokens, self.source.text
        parts = [text[tokens[s.first].start:tokens[s.last].end] for s in (one, other)]
        between = text[tokens[one.last].end:tokens[other.first].start]
        between = re.sub(r"//[^\n]*", "", between)
        self.add("swap", (one.first, other.last), one.first, other.last, parts[1] + between + parts[0])

    # ---- functions
    def head_words(self, function):
        i, words = function.head, []
        while self.source.at(i) not in ("{", ""):
            words.append(self.source.at(i))
            i += 1
        return words

    def early(self, function):
        if len(function.body) < 2:
            return
        first, words = function.body[0].first, self.head_words(function)
        opening = words.index("(") if "(" in words else 0
        returns = words[:max(opening - 1, 0)]
        values = [""] if "void" in returns and "*" not in returns else \
            ["true", "false"] if "bool" in returns else ["{}"]
        for value in values:
            token = self.source.tokens[first]
            self.add("return", (first, first), first, first, f"if (__builtin_expect(1, 1)) return {value}; " + token.text)
            self.found[-1].place = value or "early"

    def find(self):
        for function in self.source.functions:
            words = self.head_words(function)
            self.function = function.name
            self.part = "constant" if "constexpr" in words else \
                "template" if "template" in words or "always_inline" in words else ""
            first, last = function.head, function.body[-1].last if function.body else function.head
            self.around = tuple(self.line(self.source.tokens[i].start) for i in (first, last))
            self.early(function)
            self.statements(function.body)
        self.part, self.around = "constant", None
        for name, first, last in self.source.constants:
            self.function = name
            self.expression(first, last)
        return self.found


def mutants_of(file, text):
    found = Finder(file, text).find()
    found.sort(key=lambda m: (m.start, m.end))
    seen = {}
    for mutant in found:
        name = f"{mutant.file} {mutant.function} {mutant.kind} {mutant.place}"
        seen[name] = seen.get(name, 0) + 1
        mutant.name = name if seen[name] == 1 else f"{name} #{seen[name]}"
    return found
