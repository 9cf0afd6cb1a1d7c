// What happens when PostgreSQL loads the library.
#include "extension/boundary.hpp"
#include "extension/settings.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void) {
    steward::boundary([] { steward::define_settings(); });
}
