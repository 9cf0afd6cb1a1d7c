// Functions that misbehave on purpose, to show that the border holds. Loaded by test/check/60-border.
#include "extension/boundary.hpp"
#include "extension/memory.hpp"
#include "extension/statistics.hpp"
#include "extension/subtransaction.hpp"

#include <cstdio>
#include <stdexcept>

#include <sys/resource.h>

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);

#include "storage/shmem.h"
}

/// The probe has a measurement of its own, which meets that of the extension in shared memory.
void _PG_init(void) {
    steward::set_sample_rate(0.5);
}

namespace {

constexpr const char *component = "probe";

/// Counts how many objects are alive: a jump over a destructor leaves one behind.
int alive = 0;

struct Tracked {
    Tracked() { ++alive; }
    ~Tracked() { --alive; }
    std::string ballast = std::string(4096, 'x');
};

struct NotAnException {};

[[noreturn]] void throw_by_name(std::string_view kind) {
    if (kind == "core")
        throw steward::core::Error(steward::core::ErrorKind::invalid_argument, "the message", "The detail.",
                                   "The hint.");
    if (kind == "undefined")
        throw steward::core::Error(steward::core::ErrorKind::undefined_name, "no such name");
    if (kind == "unsupported")
        throw steward::core::Error(steward::core::ErrorKind::unsupported, "not here");
    if (kind == "bad_alloc")
        throw std::bad_alloc();
    if (kind == "int")
        throw 42;
    if (kind == "struct")
        throw NotAnException();
    if (kind == "long") // a two-byte character lies across the cut
        throw std::runtime_error("x" + [] {
            std::string text;
            while (text.size() < 4096)
                text += "é";
            return text;
        }());
    throw std::runtime_error(std::string(kind));
}

void raise_postgres_error() {
    ereport(ERROR, errcode(ERRCODE_DIVISION_BY_ZERO), errmsg("from PostgreSQL"), errdetail("Its detail."),
            errhint("Its hint."));
}

int fail_once() {
    static bool failed = false;
    if (!failed) {
        failed = true;
        raise_postgres_error();
    }
    return 7;
}

} // namespace

STEWARD_FUNCTION(probe_throw) {
    text *const kind = PG_GETARG_TEXT_PP(0);
    Tracked const object;
    throw_by_name({VARDATA_ANY(kind), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(kind))});
}

STEWARD_FUNCTION(probe_postgres_error) {
    Tracked const object;
    steward::guarded([] { raise_postgres_error(); });
    PG_RETURN_NULL();
}

/// C++, PostgreSQL, C++, PostgreSQL, C++: each layer holds an object, the innermost throws.
STEWARD_FUNCTION(probe_nested) {
    Tracked const object;
    Datum const depth = PG_GETARG_DATUM(0);
    if (DatumGetInt32(depth) == 0)
        throw_by_name("core");
    Oid const self = fcinfo->flinfo->fn_oid;
    return steward::guarded([&] { return OidFunctionCall1(self, Int32GetDatum(DatumGetInt32(depth) - 1)); });
}

/// The initialiser of a function-local static may fail and be tried again.
STEWARD_FUNCTION_UNMEASURED(probe_static) {
    static int const value = steward::guarded([] { return fail_once(); });
    PG_RETURN_INT32(value);
}

/// Runs a statement's worth of failure inside a subtransaction and goes on.
STEWARD_FUNCTION(probe_subtransaction) {
    Tracked const object;
    MemoryContext const context = CurrentMemoryContext;
    ResourceOwner const owner = CurrentResourceOwner;
    bool caught = false;
    try {
        steward::Subtransaction subtransaction;
        steward::guarded([] { raise_postgres_error(); });
        subtransaction.commit();
    } catch (const steward::PgError &) {
        caught = true;
    }
    {
        steward::Subtransaction subtransaction;
        subtransaction.commit();
    }
    PG_RETURN_BOOL(caught && CurrentMemoryContext == context && CurrentResourceOwner == owner);
}

/// Turns until it is cancelled, as a long loop of the core does.
STEWARD_FUNCTION_UNMEASURED(probe_spin) {
    Tracked const object;
    for (;;)
        steward::on_interrupt();
    PG_RETURN_VOID();
}

/// Memory of a context is given back even where a jump skips the destructor.
STEWARD_FUNCTION_UNMEASURED(probe_context_memory) {
    steward::ContextResource memory;
    std::pmr::vector<double> const numbers(100000, 1.0, &memory);
    if (numbers[7] > 0.5)
        raise_postgres_error();
    PG_RETURN_NULL();
}

/// More than any machine has: an error, not a crash.
STEWARD_FUNCTION_UNMEASURED(probe_too_much) {
    steward::ContextResource memory;
    std::pmr::vector<char> const bytes(std::size_t{1} << 50, &memory);
    PG_RETURN_INT64(static_cast<int64>(bytes.size()));
}

/// True if an error that ends in a subtransaction leaves the stack of error contexts as it was: the callback
/// that was pushed below guarded() is gone with its frame.
STEWARD_FUNCTION_UNMEASURED(probe_error_context) {
    ErrorContextCallback *const before = error_context_stack;
    try {
        steward::Subtransaction const subtransaction;
        steward::guarded([] {
            ErrorContextCallback callback{error_context_stack, [](void *) {}, nullptr};
            error_context_stack = &callback;
            raise_postgres_error();
        });
    } catch (const steward::PgError &) {
        PG_RETURN_BOOL(error_context_stack == before);
    }
    PG_RETURN_BOOL(false);
}

STEWARD_FUNCTION_UNMEASURED(probe_alive) {
    PG_RETURN_INT32(alive);
}

/// How many calls the measurement takes for running: this one.
STEWARD_FUNCTION(probe_running) {
    steward::flush_measurement();
    PG_RETURN_INT32(static_cast<int32>(steward::measurement.top - steward::measurement.running.data()));
}

/// Takes all shared memory that the server has left, and says how much that was.
STEWARD_FUNCTION_UNMEASURED(probe_take_shared_memory) {
    std::int64_t taken = 0;
    for (std::size_t size = 65536; size >= 64; size /= 2)
        while (ShmemAllocNoError(size) != nullptr)
            taken += static_cast<std::int64_t>(size);
    PG_RETURN_INT64(taken);
}

/// True while interrupts can be acted on and no lock is held.
STEWARD_FUNCTION_UNMEASURED(probe_is_interruptible) {
    PG_RETURN_BOOL(InterruptHoldoffCount == 0 && QueryCancelHoldoffCount == 0 &&
                   !LWLockHeldByMe(AddinShmemInitLock));
}

/// The most memory that this backend ever had resident, in bytes.
STEWARD_FUNCTION_UNMEASURED(probe_peak_bytes) {
    struct rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    PG_RETURN_INT64(static_cast<int64>(usage.ru_maxrss) * 1024);
}

/// Resident memory of this backend in bytes.
STEWARD_FUNCTION_UNMEASURED(probe_resident_bytes) {
    long total = 0;
    long resident = 0;
    FILE *const statm = fopen("/proc/self/statm", "r");
    if (statm == nullptr || fscanf(statm, "%ld %ld", &total, &resident) != 2)
        resident = -1;
    if (statm != nullptr)
        fclose(statm);
    PG_RETURN_INT64(static_cast<int64>(resident) * 4096);
}
