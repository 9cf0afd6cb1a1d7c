# Builds, installs and tests the extension: a PGXS makefile with three commands on top.
#   make demo      see it work, in a private server
#   make check     every test
#   make sidecar   build/steward, the program that serves scores over HTTP
EXTNAME     = pg_steward
CONTROL     = extension/$(EXTNAME).control
# The second one is for databases that have pgvector too. The third one has a library of its own, which alone is linked with
# FFTW; where that is not installed, it is left out.
EXTENSION   = extension/$(EXTNAME) extension/pgvector/$(EXTNAME)_pgvector
MODULE_big  = $(EXTNAME)
FIELDS      = $(EXTNAME)_fields
FFTW       ?= $(shell echo '\#include <fftw3.h>' | $(CC) -E - >/dev/null 2>&1 && echo yes)
ifeq ($(FFTW),yes)
EXTENSION  += extension/fields/$(FIELDS)
MODULES     = $(FIELDS)
endif
# The control file is the one place that says the version.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(CONTROL))

# SQL: the parts of sql/, in the order of their names, make the install script.
SQL_PARTS   = $(sort $(wildcard sql/*.sql))
INSTALL_SQL = build/$(EXTNAME)--$(EXTVERSION).sql
DATA        = $(wildcard sql/upgrade/$(EXTNAME)--*.sql extension/pgvector/*.sql) $(if $(MODULES),$(wildcard extension/fields/*.sql))
DATA_built  = $(INSTALL_SQL)

# C++: hidden unless STEWARD_FUNCTION exports it. -MMD: PGXS on Debian tracks no headers.
FIELD_SRCS  = $(sort $(wildcard core/fields/*.cpp extension/fields/*.cpp))
SRCS        = $(filter-out $(FIELD_SRCS),$(sort $(wildcard core/*/*.cpp extension/*.cpp extension/*/*.cpp worker/*.cpp)))
OBJS        = $(SRCS:.cpp=.o)
# With the border and the measurement, as the other library has them.
FIELD_OBJS  = $(FIELD_SRCS:.cpp=.o) extension/boundary.o extension/json.o extension/shared.o extension/statistics.o core/stats/histogram.o
PG_CPPFLAGS = -I. -DSTEWARD_VERSION='"$(EXTVERSION)"'
PG_CXXFLAGS = -std=c++20 -fvisibility=hidden -fvisibility-inlines-hidden \
              -Wall -Wextra -Wshadow=local -Wno-register -Wno-unused-parameter $(WERROR) $(addprefix -DSTEWARD_MUTANT=,$(MUTANT)) \
              $(addprefix -DSTEWARD_SUMMARY_MUTANT=,$(SUMMARY_MUTANT)) -MMD -MP
SHLIB_LINK  = -lstdc++ -lzstd -Wl,--version-script=extension/exports.map
EXTRA_CLEAN = build $(OBJS:.o=.d) $(FIELD_SRCS:.cpp=.d) $(FIELD_SRCS:.cpp=.o)
# No bitcode: it would be built by another compiler with other flags, and nothing here gains from it.
override with_llvm := no

# pg_regress 15 reads test/sql through inputdir and expected/ through outputdir.
REGRESS      = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTNAME)

# The commands of tools/ run before PostgreSQL's build files are there, and own the name `check`.
COMMANDS = deps demo stop check lint sidecar
ifneq ($(filter $(COMMANDS),$(MAKECMDGOALS)),)
.PHONY: $(COMMANDS)
$(COMMANDS):
	@tools/$@
else

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# pg_regress 15 looks in <outputdir>/sql before <inputdir>/sql.
ifneq ($(filter $(notdir $(basename $(SQL_PARTS))),$(REGRESS)),)
$(error a test in test/sql has the name of a file of sql/)
endif
# From 16 on, expected/ is found through an option of its own.
ifneq ($(filter-out 11 12 13 14 15,$(MAJORVERSION)),)
REGRESS_OPTS += --expecteddir=.
endif

$(INSTALL_SQL): $(SQL_PARTS) $(CONTROL)
	@mkdir -p $(@D)
	cat $(SQL_PARTS) > $@

extension/settings.o worker/session.o: $(CONTROL)
$(EXTNAME).so: extension/exports.map
$(FIELDS).so: $(FIELD_OBJS) extension/exports.map
	$(CXX) $(CXXFLAGS) $(CFLAGS_SL) $(FIELD_OBJS) $(LDFLAGS) $(LDFLAGS_SL) -shared -lfftw3 -Wl,--version-script=extension/exports.map -o $@
-include $(OBJS:.o=.d) $(FIELD_SRCS:.cpp=.d)
endif
