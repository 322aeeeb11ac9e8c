// SPDX-License-Identifier: MIT OR Apache-2.0
// The shape of the default instance. Those of fixed regions are in region.cpp, so that only a
// program that has regions has them.
#include "core/shape.h"

namespace emma {

constinit const Shape kDefaultShape = kDefaultShapeValue;

}  // namespace emma
