// The border between PostgreSQL, whose errors jump, and C++, whose errors unwind.
//
// Into C++:  every function that PostgreSQL calls is defined by STEWARD_FUNCTION or goes through
//            boundary(): an exception never leaves it, it becomes an ereport once no object is left.
// Out of it: every PostgreSQL call that can raise an error while an object with a destructor is alive
//            goes through guarded(): the error becomes a PgError, which unwinds.
//
// Most glue needs neither by hand: read the arguments (plain C), call the core (objects, no PostgreSQL),
// build the result (plain C).
#pragma once

#include "core/error.hpp"
#include "core/stop.hpp"
#include "extension/measure.hpp"
#include "extension/pg.hpp"

namespace steward {

/// An error of PostgreSQL on its way through C++ frames. Only boundary(), Subtransaction and the
/// worker's attempt() end its flight: locks, pins and snapshots are released by the abort of a
/// (sub)transaction, not by a catch.
class PgError final : public std::exception {
  public:
    explicit PgError(ErrorData *data) noexcept : data_(data) {}
    const char *what() const noexcept override { return data_->message != nullptr ? data_->message : ""; }
    /// Lives in the memory context that was current where guarded() was called.
    ErrorData *data() const noexcept { return data_; }

  private:
    ErrorData *data_;
};

/// Calls PostgreSQL: an ereport(ERROR) inside `call` becomes a PgError, with SQLSTATE, detail and hint.
/// `call` itself must hold no object with a destructor: the jump would skip it.
template <class Call> auto guarded(Call &&call) -> std::invoke_result_t<Call &> {
    struct Stacks {
        sigjmp_buf *exception = PG_exception_stack;
        ErrorContextCallback *context = error_context_stack;
        ~Stacks() {
            PG_exception_stack = exception;
            error_context_stack = context;
        }
    };
    MemoryContext const caller = CurrentMemoryContext;
    {
        Stacks const saved;
        sigjmp_buf here;
        if (sigsetjmp(here, 0) == 0) { // 0: as PG_TRY, no system call for the signal mask
            PG_exception_stack = &here;
            return call();
        }
    }
    MemoryContextSwitchTo(caller);
    ErrorData *const data = CopyErrorData();
    FlushErrorState();
    throw PgError(data);
}

/// Calls PostgreSQL as a hook does, between frames of PostgreSQL: an error passes as it is, and `on_error` is
/// told its SQLSTATE on the way, while nothing has been cleaned up yet. It must neither raise an error nor
/// read a catalog, and neither of the two may hold an object with a destructor.
template <class Call, class OnError> void watched(Call &&call, OnError &&on_error) {
    sigjmp_buf *const exception = PG_exception_stack;
    ErrorContextCallback *const context = error_context_stack;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        call();
        PG_exception_stack = exception;
        error_context_stack = context;
        return;
    }
    PG_exception_stack = exception;
    error_context_stack = context;
    on_error(geterrcode());
    PG_RE_THROW();
}

/// An error in the form in which it crosses the border: plain data, nothing to destroy.
struct ErrorReport {
    static constexpr std::size_t size = 1024;

    int sqlstate = ERRCODE_INTERNAL_ERROR;
    ErrorData *postgres = nullptr; ///< an error of PostgreSQL, to be raised again as it was
    char message[size];
    char detail[size];
    char hint[size];

    /// Every call makes one and next to none needs it: the texts are ended, not filled.
    ErrorReport() noexcept { message[0] = detail[0] = hint[0] = '\0'; }
    void take(const core::Error &error) noexcept;
    void take(const char *text) noexcept { strlcpy(message, text, size); }
    [[noreturn]] void raise();
};

/// Is called by PostgreSQL: runs `body` and raises as an ereport(ERROR) whatever it throws.
template <class Body> auto boundary(Body &&body) -> std::invoke_result_t<Body &> {
    ErrorReport report;
    try {
        return body();
    } catch (const PgError &error) {
        report.postgres = error.data();
    } catch (const core::Error &error) {
        report.take(error);
    } catch (const std::bad_alloc &) {
        report.sqlstate = ERRCODE_OUT_OF_MEMORY;
        report.take("out of memory");
    } catch (const std::exception &error) {
        report.take(error.what());
    } catch (...) {
        report.take("unknown C++ exception");
    }
    report.raise(); // here the exception is destroyed and only plain data is left
}

/// Acts on a query cancel or a shutdown, as CHECK_FOR_INTERRUPTS does, but by unwinding.
inline void check_interrupts() {
    if (INTERRUPTS_PENDING_CONDITION())
        guarded([] { ProcessInterrupts(); });
}

/// The stop check that glue hands to long loops of the core.
inline constexpr core::Stop on_interrupt{&check_interrupts};

} // namespace steward

/// Defines a function that PostgreSQL calls: its C symbol, its info record, the border around its body, and
/// around that the measurement as an operation of the `component` that the file names. These, STEWARD_MAIN
/// and STEWARD_HELPER are the only symbols that the library exports (test/check/61-exported-symbols).
#define STEWARD_FUNCTION(name)                                                                               \
    static Datum name##_body(FunctionCallInfo fcinfo);                                                       \
    extern "C" {                                                                                             \
    PG_FUNCTION_INFO_V1(name);                                                                               \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS) {                                                               \
        static constinit steward::Operation operation{component, steward::operation_name(#name)};            \
        return steward::measured(operation,                                                                  \
                                 [&] { return steward::boundary([&] { return name##_body(fcinfo); }); });    \
    }                                                                                                        \
    }                                                                                                        \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)

/// The same without the measurement, for the functions that make it.
#define STEWARD_FUNCTION_UNMEASURED(name)                                                                    \
    static Datum name##_body(FunctionCallInfo fcinfo);                                                       \
    extern "C" {                                                                                             \
    PG_FUNCTION_INFO_V1(name);                                                                               \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS) {                                                               \
        return steward::boundary([&] { return name##_body(fcinfo); });                                       \
    }                                                                                                        \
    }                                                                                                        \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)

/// Defines the main function of a background worker, in the same way.
#define STEWARD_MAIN(name)                                                                                   \
    static void name##_body(Datum argument);                                                                 \
    extern "C" {                                                                                             \
    PGDLLEXPORT void name(Datum argument);                                                                   \
    void name(Datum argument) {                                                                              \
        steward::boundary([&] { name##_body(argument); });                                                   \
    }                                                                                                        \
    }                                                                                                        \
    static void name##_body([[maybe_unused]] Datum argument)

/// Defines the main function of a process that helps another one, in the same way.
#define STEWARD_HELPER(name)                                                                                 \
    static void name##_body(dsm_segment *segment, shm_toc *toc);                                             \
    extern "C" {                                                                                             \
    PGDLLEXPORT void name(dsm_segment *segment, shm_toc *toc);                                               \
    void name(dsm_segment *segment, shm_toc *toc) {                                                          \
        steward::boundary([&] { name##_body(segment, toc); });                                               \
    }                                                                                                        \
    }                                                                                                        \
    static void name##_body(dsm_segment *segment, shm_toc *toc)
