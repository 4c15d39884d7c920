// Named as a file of Minnow's, which must not see it.
#pragma once

int parentsOwnAnswer();
