// SPDX-License-Identifier: MIT OR Apache-2.0
// The driver that makes programs by chance, and what is done with kept ones:
//
//   fuzz random SECONDS [SEED [FOLDER]]  programs of that seed until the time is up
//   fuzz steps COUNT [SEED [FOLDER]]     the same until so many steps are done
//   fuzz find COUNT [SEED]               the same, and succeeds when one has failed
//   fuzz run FILE...                     runs programs, each in a process; those of NAME.hex are
//   its lines fuzz unpack NAME.hex FOLDER          each line of it into a file fuzz print FILE as a
//   C program, on the standard output fuzz minimise FILE OUTPUT            a shorter one that fails
//   the same
//
// A program that fails goes into the folder (fuzz-failures): as it is, minimised, and as C. The
// exit status is 1 then. See README.md.
#include "minimise.h"
#include "print.h"
#include "random.h"

#include <sys/stat.h>

static bool load(const char* path, struct program* program) {
    FILE* const file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "fuzz: cannot read %s\n", path);
        return false;
    }
    program->size = fread(program->bytes, 1, sizeof program->bytes, file);
    fclose(file);
    return true;
}
static bool save(const char* path, const struct program* program) {
    FILE* const file = fopen(path, "wb");
    if (file == NULL) {
        fprintf(stderr, "fuzz: cannot write %s\n", path);
        return false;
    }
    fwrite(program->bytes, 1, program->size, file);
    return fclose(file) == 0;
}
static bool save_printed(const char* path, const struct program* program) {
    FILE* const file = fopen(path, "w");
    if (file == NULL) return false;
    const bool done = print_program(file, program->bytes, program->size);
    return fclose(file) == 0 && done;
}

static void tell(const char* what, int status) {
    printf("%s: ended by signal %d, exit status %d\n", what, WTERMSIG(status), WEXITSTATUS(status));
}

// Keeps a program that failed, in each of its forms.
static void keep_failure(const char* folder, unsigned long long seed, struct program* program,
                         int status) {
    char path[500];
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/%llu", folder, seed);
    save(path, program);
    tell(path, status);
    const size_t steps = program->size / kRecordBytes;
    if (!minimise(program, status)) printf("%s: it does not fail again\n", path);
    snprintf(path, sizeof path, "%s/%llu.min", folder, seed);
    save(path, program);
    snprintf(path, sizeof path, "%s/%llu.c", folder, seed);
    save_printed(path, program);
    printf("%zu steps, minimised to %zu: %s\n", steps, program->size / kRecordBytes, path);
    static struct plan plan;
    make_plan(&plan, program->bytes, program->size);
    print_functions(stdout, &plan);
    print_parts(stdout, &plan);
    print_main(stdout, &plan);
    fflush(stdout);
    (void)run_in_child(program, false);
}

enum until { kTime, kSteps, kFailure };

static int run_random(enum until until, unsigned long long limit, unsigned long long seed,
                      const char* folder) {
    static struct program program;
    const time_t begun = time(NULL);
    unsigned long long programs = 0, steps = 0;
    printf("seed %llu\n", seed);
    while (until == kTime ? (unsigned long long)(time(NULL) - begun) < limit : steps < limit) {
        program.size = make_random(program.bytes, seed);
        const int status = run_in_child(&program, false);
        programs++;
        steps += program.size / kRecordBytes;
        if (status != 0 && until != kFailure) keep_failure(folder, seed, &program, status);
        if (status != 0) {
            printf("%llu steps in %llu programs; the last one failed\n", steps, programs);
            return until != kFailure;
        }
        seed = next_seed(seed);
    }
    printf("%llu steps in %llu programs, none failed\n", steps, programs);
    return until == kFailure;
}

struct totals {
    unsigned long long programs, steps, failures;
};

static void run_counted(const char* name, const struct program* program, struct totals* totals) {
    const int status = run_in_child(program, false);
    if (status != 0) tell(name, status);
    totals->failures += status != 0;
    totals->programs++;
    totals->steps += program->size / kRecordBytes;
}

// The next line of hexadecimal digits; false: there is none.
static bool read_line(FILE* file, struct program* program) {
    unsigned byte;
    program->size = 0;
    int next = getc(file);
    while (next != EOF && next != '\n' && program->size < sizeof program->bytes) {
        ungetc(next, file);
        if (fscanf(file, "%2x", &byte) != 1) return false;
        program->bytes[program->size++] = (unsigned char)byte;
        next = getc(file);
    }
    return next != EOF || program->size != 0;
}

// Calls use(a name, the program, data) for each line.
static bool each_line(const char* path, void (*use)(const char*, const struct program*, void*),
                      void* data) {
    static struct program program;
    char name[500];
    FILE* const file = fopen(path, "r");
    if (file == NULL) return false;
    for (unsigned line = 1; read_line(file, &program); line++) {
        snprintf(name, sizeof name, "%s:%u", path, line);
        use(name, &program, data);
    }
    fclose(file);
    return true;
}
static void run_line(const char* name, const struct program* program, void* totals) {
    run_counted(name, program, totals);
}
static void unpack_line(const char* name, const struct program* program, void* folder) {
    char path[500];
    snprintf(path, sizeof path, "%s/line%s", (const char*)folder, strrchr(name, ':') + 1);
    save(path, program);
}

static int run_files(char** paths) {
    static struct program program;
    struct totals totals = {0, 0, 0};
    for (; *paths != NULL; paths++) {
        const size_t length = strlen(*paths);
        if (length > 4 && strcmp(*paths + length - 4, ".hex") == 0) {
            if (!each_line(*paths, run_line, &totals)) return 1;
        } else {
            if (!load(*paths, &program)) return 1;
            run_counted(*paths, &program, &totals);
        }
    }
    printf("%llu steps in %llu programs, %llu failed\n", totals.steps, totals.programs,
           totals.failures);
    return totals.failures != 0;
}

static int minimise_file(const char* from, const char* to) {
    static struct program program;
    if (!load(from, &program)) return 1;
    const int status = run_in_child(&program, true);
    if (status == 0 || !minimise(&program, status)) {
        fprintf(stderr, "fuzz: %s does not fail\n", from);
        return 1;
    }
    return save(to, &program) ? 0 : 1;
}

int main(int count, char** arguments) {
    static struct program program;
    const char* const command = count > 2 ? arguments[1] : "";
    static const char* const kUntil[] = {"random", "steps", "find"};
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(command, kUntil[i]) == 0)
            return run_random((enum until)i, strtoull(arguments[2], NULL, 10),
                              count > 3 && *arguments[3] != '\0'
                                  ? strtoull(arguments[3], NULL, 10)
                                  : next_seed((unsigned long long)time(NULL)),
                              count > 4 ? arguments[4] : "fuzz-failures");
    if (strcmp(command, "run") == 0) return run_files(arguments + 2);
    if (strcmp(command, "unpack") == 0 && count > 3)
        return each_line(arguments[2], unpack_line, arguments[3]) ? 0 : 1;
    if (strcmp(command, "print") == 0)
        return load(arguments[2], &program) && print_program(stdout, program.bytes, program.size)
                   ? 0
                   : 1;
    if (strcmp(command, "minimise") == 0 && count > 3)
        return minimise_file(arguments[2], arguments[3]);
    fprintf(stderr,
            "usage: fuzz random SECONDS [SEED [FOLDER]] | steps COUNT [SEED [FOLDER]] | find COUNT "
            "[SEED] | "
            "run FILE... | unpack NAME.hex FOLDER | print FILE | minimise FILE OUTPUT\n");
    return 2;
}
