; SPDX-License-Identifier: MIT OR Apache-2.0
; A real program for tests/bench/run: z3 looks for two factors of 16 bits of a number, and finds that
; there are none.
; BENCH: z3 /usr/bin/z3 -smt2 %
(set-logic QF_BV)
(declare-const p (_ BitVec 16))
(declare-const q (_ BitVec 16))
(assert (= (bvmul ((_ zero_extend 16) p) ((_ zero_extend 16) q)) (_ bv2363010233 32)))
(assert (bvule p q))
(assert (bvugt p #x0001))
(check-sat)
