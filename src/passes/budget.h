// What conversion may spend on a model is one account for the importer and all passes.
#pragma once

#include "sizes/budget.h"

namespace minnow::passes {
using sizes::Budget;
}
