// SPDX-License-Identifier: MIT OR Apache-2.0
// Prints a program as C: the headers of world/, then each step that has a context as a function,
// then main.
#pragma once

#include "program.h"

#include <limits.h>

static const char* const kWorld[] = {"model.h",   "trap.h",      "heaps.h",   "objects.h",
                                     "control.h", "processes.h", "contexts.h"};

static bool copy_file(const char* name, FILE* out) {
    char path[500], line[2000];
    snprintf(path, sizeof path, "%s/world/%s", FUZZ_FOLDER, name);
    FILE* const file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "fuzz: cannot read %s\n", path);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "#pragma once", 12) != 0 && strncmp(line, "#include \"", 10) != 0)
            fputs(line, out);
    fclose(file);
    fputc('\n', out);
    return true;
}

static void print_call(FILE* out, const struct call* call) {
    fprintf(out, "%s(", kCalls[call->kind].name);
    for (unsigned i = 0; i < kCalls[call->kind].count; i++)
        fprintf(out, "%s%zu%s", i == 0 ? "" : ", ", call->argument[i],
                call->argument[i] > INT_MAX ? "u" : "");
    fprintf(out, ");");
}

static void print_function(FILE* out, const char* kind, unsigned number, const struct call* call) {
    fprintf(out, "static void %s_%u(const void* none) {\n    (void)none;\n    ", kind, number);
    print_call(out, call);
    fprintf(out, "\n}\n");
}

static bool is_plain(const struct step* step) {
    return step->thread == 0 && !step->in_handler && step->instructions == 0;
}

static void print_functions(FILE* out, const struct plan* p) {
    bool in_phase = false;
    for (unsigned i = 0; i < p->count; i++) {
        const struct step* const step = &p->steps[i];
        in_phase = step->kind == kBeginPhase || (in_phase && step->kind != kEndPhase);
        if (step->kind != kPark && (step->kind != kStep || (is_plain(step) && !in_phase))) continue;
        print_function(out, "step", i, &step->call);
        if (step->instructions != 0 && step->kind == kStep)
            print_function(out, "within", i, &step->inner);
    }
}

// What a thread does in a phase.
static void print_part(FILE* out, const struct plan* p, unsigned begin, unsigned thread) {
    fprintf(out, "static void part_%u_%u(const void* none) {\n    (void)none;\n", begin, thread);
    for (unsigned i = begin + 1; p->steps[i].kind != kEndPhase; i++) {
        const struct step* const step = &p->steps[i];
        if (step->thread != thread) continue;
        fprintf(out, "    run(0, %d, step_%u, %u, ", step->in_handler, i, step->instructions);
        if (step->instructions != 0) fprintf(out, "within_%u);\n", i);
        if (step->instructions == 0) fprintf(out, "NULL);\n");
    }
    fprintf(out, "}\n");
}
static void print_parts(FILE* out, const struct plan* p) {
    for (unsigned i = 0; i < p->count; i++)
        for (unsigned thread = 0; p->steps[i].kind == kBeginPhase && thread < kThreads; thread++)
            print_part(out, p, i, thread);
}

static void print_step(FILE* out, const struct step* step, unsigned number, const char* indent) {
    fputs(indent, out);
    if (is_plain(step)) {
        print_call(out, &step->call);
        fputc('\n', out);
        return;
    }
    fprintf(out, "run(%u, %d, step_%u, %u, ", step->thread, step->in_handler, number,
            step->instructions);
    if (step->instructions != 0) {
        fprintf(out, "within_%u);\n", number);
    } else {
        fprintf(out, "NULL);\n");
    }
}

static void print_main(FILE* out, const struct plan* p) {
    const char* indent = "    ";
    fprintf(out, "int main(void) {\n    begin_world();\n");
    for (unsigned i = 0; i < p->count; i++) {
        const struct step* const step = &p->steps[i];
        if (step->kind == kBeginPhase) {
            fprintf(out, "%sphase(%ld, part_%u_0, part_%u_1, part_%u_2, part_%u_3);\n", indent,
                    step->interval, i, i, i, i);
            i = find_end(p, i, kEndPhase);
        } else if (step->kind == kPark) {
            fprintf(out, "%spark(%u, step_%u, %u);\n", indent, step->thread, i, step->instructions);
        } else if (step->kind == kResume) {
            fprintf(out, "%sresume();\n", indent);
        } else if (step->kind == kBeginChild) {
            fprintf(out, "    if (begin_child()) {\n");
            indent = "        ";
        } else if (step->kind == kEndChild) {
            fprintf(out, "        end_child();\n    }\n");
            indent = "    ";
        } else {
            print_step(out, step, i, indent);
        }
    }
    fprintf(out, "    end_world();\n    puts(\"all holds\");\n    return 0;\n}\n");
}

static bool print_program(FILE* out, const unsigned char* bytes, size_t size) {
    static struct plan plan;
    make_plan(&plan, bytes, size);
    fprintf(out,
            "// Printed by tests/fuzz. Build: cc -std=gnu11 -w -O2 -g -Ibuild/include case.c "
            "-pthread build/libemma_beside.a\n");
    fprintf(out, "#define FUZZ_CHECKS %d\n", FUZZ_CHECKS);
    for (unsigned i = 0; i < sizeof kWorld / sizeof *kWorld; i++)
        if (!copy_file(kWorld[i], out)) return false;
    print_functions(out, &plan);
    print_parts(out, &plan);
    print_main(out, &plan);
    return true;
}
