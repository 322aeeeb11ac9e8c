// SPDX-License-Identifier: MIT OR Apache-2.0
// The plan of a whole program: which operation a record stands for, and its context.
#pragma once

#include "plan.h"

enum op {
    kAllocate,
    kResize,
    kFree,
    kReplace,
    kPass,
    kCrowd,
    kLook,
    kFork,
    kThread,
    kCreate,
    kDestroy,
    kRefuse,
    kShare,
    kMisuse,
    kVerify,
    kPhase,
    kStop,
    kChild,
    kForGood,
    kOps
};

// How often of 256, by chance; and where it may stand.
enum { kNotNested = 1, kMainOnly = 2 };
static const struct {
    unsigned weight, flags;
} kWeights[kOps] = {
    [kAllocate] = {80, 0},       [kResize] = {40, 0},
    [kFree] = {48, 0},           [kReplace] = {6, kNotNested | kMainOnly},
    [kPass] = {8, kNotNested},   [kCrowd] = {16, kNotNested},
    [kLook] = {16, 0},           [kFork] = {2, 0},
    [kThread] = {4, kNotNested}, [kCreate] = {10, kMainOnly},
    [kDestroy] = {4, kMainOnly}, [kRefuse] = {5, kMainOnly},
    [kShare] = {3, kMainOnly},   [kMisuse] = {3, kMainOnly},
    [kVerify] = {2, kMainOnly},  [kPhase] = {3, kMainOnly},
    [kStop] = {3, kMainOnly},    [kChild] = {2, kMainOnly},
    [kForGood] = {1, kMainOnly},
};

static enum op op_from(unsigned code) {
    for (unsigned op = 0; op < kOps; op++) {
        if (code < kWeights[op].weight) return (enum op)op;
        code -= kWeights[op].weight;
    }
    return kAllocate;
}

static bool read_record(struct plan* p, struct record* r) {
    const unsigned char* b = p->next;
    if (p->end - b < kRecordBytes) return false;
    p->next += kRecordBytes;
    r->op = b[0];
    r->context = b[1];
    r->slot = b[2];
    r->place = b[3];
    r->size = b[4] | (unsigned)b[5] << 8;
    r->extra = b[6];
    r->instructions = b[7];
    return true;
}

static struct call plan_call(struct plan* p, const struct record* r, enum op op) {
    switch (op) {
        case kResize:
            return plan_resize(p, r);
        case kFree:
            return plan_free(p, r);
        case kReplace:
            return plan_with_slot(p, r, k_do_replace, 0);
        case kPass:
            return plan_pass(p, r);
        case kCrowd:
            return plan_crowd(p, r);
        case kLook:
            return plan_look(p, r);
        case kFork:
            return make_call(k_do_fork, r->size % 512, 0, 0, 0);
        case kThread:
            return plan_thread(p, r);
        case kCreate:
            return plan_create(p, r);
        case kDestroy:
            return plan_destroy(p, r);
        case kRefuse:
            return plan_refuse(p, r);
        case kShare:
            return make_call(k_do_share, 1 + r->slot % (kHeaps - 1), r->size % 300,
                             1 + (r->size >> 4),
                             r->extra & 1 ? (size_t)r->extra << (r->size & 7) : 0);
        case kMisuse: {
            if (r->extra % 4 == 3)
                return make_call(k_do_jumps, r->size % 32, (size_t)r->instructions * 3, 0, 0);
            const int s = find_slot(p, r->slot, true);
            return s < 0 ? plan_allocate(p, r) : make_call(k_do_misuse, r->extra, (size_t)s, 0, 0);
        }
        case kVerify:
            return make_call(k_do_verify, 0, 0, 0, 0);
        case kForGood:
            if (r->extra & 1) return make_call(k_do_reserve, (size_t)r->size << 8, 0, 0, 0);
            return make_call(r->extra & 2 ? k_do_seal : k_do_limit_calls, 0, 0, 0, 0);
        default:
            return plan_allocate(p, r);
    }
}

// ---- contexts ----------------------------------------------------------------------------------

static struct step* add_step(struct plan* p, enum step_kind kind) {
    struct step* const step = &p->steps[p->count++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    return step;
}

static void begin_plan_child(struct plan* p, unsigned steps) {
    if (p->child_left != 0) return;
    add_step(p, kBeginChild);
    p->parents = p->now;
    for (unsigned h = 1; h < kHeaps; h++)  // a child leaves shared heaps alone
        if (p->now.kind[h] == kShared) p->now.kind[h] = kDefault;
    for (unsigned s = 0; s < kSlots; s++)
        if (p->parents.heap_of[s] > 1 && p->parents.kind[p->parents.heap_of[s] - 1] == kShared)
            p->now.heap_of[s] = 0;
    p->child_left = 1 + steps % kMaxChildSteps;
}
static void end_plan_park(struct plan* p) {
    p->park_left = 0;
    p->parked_slot = -1;
    add_step(p, kResume);
}
static void end_plan_child(struct plan* p) {
    if (p->park_left != 0) end_plan_park(p);
    p->child_left = 0;
    p->now = p->parents;
    add_step(p, kEndChild);
}
static void begin_plan_phase(struct plan* p, unsigned steps, unsigned timer) {
    if (p->phase_left != 0) return;
    add_step(p, kBeginPhase)->interval = timer % 3 == 0 ? 300 + (long)timer : 0;
    p->phase_left = 1 + steps % kMaxPhaseSteps;
}

static bool is_interrupted(const struct record* r) { return (r->context >> 4 & 3) == 3; }

static unsigned instructions_from(const struct record* r) {
    // 1 to 2,048, the small numbers more often: most operations are short.
    const unsigned code = r->context >> 6 | r->instructions << 2;
    return (1 + (code & 31)) << (code >> 5) % 7 * (code >> 8) / 3;
}

// Another step in the middle of this one. What stands where it may not becomes an allocation.
static void plan_inner(struct plan* p, struct step* step, const struct record* outer,
                       unsigned outer_flags) {
    struct record r;
    const enum call_kind kind = step->call.kind;
    const bool is_made = kind >= k_do_create_system && kind <= k_do_create_functions;
    if (!is_interrupted(outer) || ((outer_flags & kMainOnly) != 0 && !is_made)) return;
    if (!read_record(p, &r)) return;
    const enum op op = op_from(r.op);
    step->instructions = instructions_from(outer);
    p->busy_slot = (int)step->call.argument[0];
    p->is_inner = true;
    step->inner = plan_call(p, &r, kWeights[op].flags != 0 ? kAllocate : op);
    p->is_inner = false;
    p->busy_slot = -1;
}

// The next step is stopped in the middle, and the ones behind it run meanwhile.
static void plan_stop(struct plan* p, const struct record* stop) {
    struct record r;
    if (!read_record(p, &r)) return;
    const enum op op = op_from(r.op);
    struct step* const step = add_step(p, kPark);
    step->thread = p->parked_thread = 1 + stop->slot % (kThreads - 1);
    step->instructions = instructions_from(stop);
    p->is_inner = true;
    step->call = plan_call(p, &r, kWeights[op].flags != 0 ? kAllocate : op);
    p->is_inner = false;
    p->parked_slot = (int)step->call.argument[0];
    p->park_left = 1 + stop->size % kMaxParkSteps;
}

// What is for the main thread alone stands neither in a phase nor beside a stopped thread.
static enum op permitted(const struct plan* p, enum op op) {
    const bool is_alone = p->phase_left == 0 && p->park_left == 0;
    return is_alone || (kWeights[op].flags & kMainOnly) == 0 ? op : kAllocate;
}

static void plan_step(struct plan* p, const struct record* r) {
    const enum op op = permitted(p, op_from(r->op));
    p->thread = r->context & 3;
    if (p->park_left != 0 && p->thread == p->parked_thread) p->thread = 0;
    if (op == kStop) return plan_stop(p, r);
    if (op == kPhase) return begin_plan_phase(p, r->size, r->extra);
    if (op == kChild) return begin_plan_child(p, r->size);
    if (op == kForGood) begin_plan_child(p, r->size);
    const unsigned flags = kWeights[op].flags;
    struct step* const step = add_step(p, kStep);
    step->call = plan_call(p, r, op);
    // A thread cannot end itself.
    const bool is_main =
        (flags & kMainOnly) != 0 || (step->call.kind == k_do_end_thread && p->phase_left == 0);
    if (step->call.kind == k_do_end_thread && p->phase_left + p->park_left != 0)
        step->call.kind = k_do_detach;
    step->thread = is_main ? 0 : p->thread;
    step->in_handler = flags == 0 && (r->context >> 2 & 3) == 3;
    plan_inner(p, step, r, flags);
}

// After a step: what it was the last of ends.
static void count_down(struct plan* p) {
    if (p->park_left != 0 && --p->park_left == 0) end_plan_park(p);
    if (p->phase_left != 0 && --p->phase_left == 0) add_step(p, kEndPhase);
    if (p->phase_left == 0 && p->child_left != 0 && --p->child_left == 0) end_plan_child(p);
}

static void make_plan(struct plan* p, const unsigned char* bytes, size_t size) {
    memset(p, 0, offsetof(struct plan, steps));
    p->count = 0;
    memset(&p->now, 0, sizeof p->now);
    p->child_left = p->phase_left = p->park_left = 0;
    p->is_inner = false;
    p->busy_slot = p->parked_slot = -1;
    p->next = bytes;
    p->end = bytes + size;
    struct record r;
    while (p->count < kMaxSteps && read_record(p, &r)) {
        const unsigned before = p->count;
        plan_step(p, &r);
        if (p->count != before && p->steps[p->count - 1].kind == kStep) count_down(p);
    }
    if (p->phase_left != 0) add_step(p, kEndPhase);
    if (p->park_left != 0) end_plan_park(p);
    if (p->child_left != 0) end_plan_child(p);
}

// ---- running -----------------------------------------------------------------------------------

static struct job job_of(const struct step* step) {
    const struct job job = {step->in_handler,   run_call, &step->call,
                            step->instructions, run_call, &step->inner};
    return job;
}

struct part {
    const struct plan* plan;
    unsigned begin, end, thread;
};

static void run_part(const void* data) {
    const struct part* const part = data;
    for (unsigned i = part->begin; i < part->end; i++) {
        const struct step* const step = &part->plan->steps[i];
        if (step->thread != part->thread) continue;
        const struct job job = job_of(step);
        run_here(&job);
    }
}

static unsigned find_end(const struct plan* p, unsigned begin, enum step_kind kind) {
    while (p->steps[begin].kind != kind) begin++;
    return begin;
}

static unsigned run_planned_phase(const struct plan* p, unsigned begin) {
    const unsigned end = find_end(p, begin, kEndPhase);
    struct part parts[kThreads];
    step_function* steps[kThreads];
    const void* data[kThreads];
    for (unsigned i = 0; i < kThreads; i++) {
        parts[i] = (struct part){p, begin + 1, end, i};
        steps[i] = run_part;
        data[i] = &parts[i];
    }
    run_phase(p->steps[begin].interval, steps, data);
    return end;
}

static void run_planned_stop(const struct step* step) {
    static struct job job;
    job = (struct job){false, run_call, &step->call, step->instructions, stop_here, NULL};
    park_job(step->thread, &job);
}

static void run_plan(const struct plan* p) {
    for (unsigned i = 0; i < p->count; i++) {
        const struct step* const step = &p->steps[i];
        g_step = i;
        if (step->kind == kBeginPhase) {
            i = run_planned_phase(p, i);
        } else if (step->kind == kPark) {
            run_planned_stop(step);
        } else if (step->kind == kResume) {
            resume();
        } else if (step->kind == kBeginChild) {
            if (!begin_child()) i = find_end(p, i, kEndChild);
        } else if (step->kind == kEndChild) {
            end_child();
        } else {
            const struct job job = job_of(step);
            run_in(step->thread, &job);
        }
    }
}

static void run_program(const unsigned char* bytes, size_t size) {
    static struct plan plan;
    make_plan(&plan, bytes, size);
    begin_world();
    run_plan(&plan);
    end_world();
}
