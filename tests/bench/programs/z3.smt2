; SPDX-License-Identifier: MIT OR Apache-2.0
; A real program for tests/bench/run: z3 factors a number.
; BENCH: z3 /usr/bin/z3 -smt2 %
(set-logic ALL)
(push)
(declare-const p (_ BitVec 14))
(declare-const q (_ BitVec 14))
(assert (= (bvmul ((_ zero_extend 14) p) ((_ zero_extend 14) q)) (_ bv268140589 28)))
(assert (bvule p q))
(assert (bvugt p (_ bv1 14)))
(check-sat)
(get-value (p q))
(pop)
