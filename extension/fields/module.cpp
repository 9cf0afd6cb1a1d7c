// What happens when PostgreSQL loads the library of the solvers, which brings the border and the measurement
// of calls along: what both libraries count lies in the same shared memory.
#include "extension/boundary.hpp"
#include "extension/statistics.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void) {
    steward::boundary([] {
        steward::adopt_statistics_room();
        steward::set_sample_rate(1); // few calls, and long ones
    });
}
