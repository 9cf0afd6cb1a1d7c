// What the machine says of itself, where it is Linux.
#include <charconv>
#include <cstdio>

#include "extension/boundary.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

#include <fcntl.h>
#include <unistd.h>

namespace steward {

namespace {

constexpr double bytes_per_kilobyte = 1024.0;
constexpr std::size_t most_text = 8192;

/// The beginning of a file; nothing where there is none.
class FileText {
  public:
    explicit FileText(const char *path) noexcept {
        int const file = open(path, O_RDONLY | O_CLOEXEC); // NOLINT(cppcoreguidelines-pro-type-vararg)
        if (file < 0)
            return;
        ssize_t const size = read(file, text_, most_text);
        close(file);
        size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
    }
    std::string_view view() const noexcept { return {text_, size_}; }

  private:
    char text_[most_text];
    std::size_t size_ = 0;
};

std::string_view after(std::string_view text, std::string_view key) noexcept {
    std::size_t const place = text.find(key);
    return place == std::string_view::npos ? std::string_view{} : text.substr(place + key.size());
}

/// The number that the text begins with, after blanks; it loses both. Less than zero where there is none.
double take_double(std::string_view &text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    double number = -1.0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc{} ? number : -1.0;
}

double kilobytes_of(std::string_view text, std::string_view key) noexcept {
    std::string_view rest = after(text, key);
    double const kilobytes = take_double(rest);
    return kilobytes < 0.0 ? -1.0 : kilobytes * bytes_per_kilobyte;
}

struct Cpu {
    double busy = -1.0;
    double total = -1.0;
};

/// Of all processors since the start of the machine, in ticks; waiting for a disk is not being busy.
Cpu read_cpu() noexcept {
    FileText const file("/proc/stat");
    std::string_view rest = after(file.view(), "cpu ");
    Cpu cpu;
    constexpr int idle = 3;
    constexpr int waiting = 4;
    constexpr int kinds = 8;
    double idle_ticks = 0.0;
    double total = 0.0;
    for (int kind = 0; kind < kinds; ++kind) {
        double const ticks = take_double(rest);
        if (ticks < 0.0)
            return cpu;
        total += ticks;
        idle_ticks += kind == idle || kind == waiting ? ticks : 0.0;
    }
    return {total - idle_ticks, total};
}

NullableDatum known(double number) {
    return {Float8GetDatum(number), number < 0.0};
}

/// What a process has for itself: not what it shares with others, which would be counted many times.
double private_bytes(int pid) noexcept {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FileText const file(path);
    return kilobytes_of(file.view(), "RssAnon:");
}

} // namespace

/// One row: processor ticks, busy and in all; bytes of memory, in all and available; load over a minute.
STEWARD_FUNCTION_UNMEASURED(steward_host_state) {
    ResultRows const rows = start_rows(fcinfo);
    Cpu const cpu = read_cpu();
    FileText const memory("/proc/meminfo");
    FileText const load("/proc/loadavg");
    std::string_view load_text = load.view();
    rows.add_nullable([&] {
        return std::array<NullableDatum, 5>{
            known(cpu.busy), known(cpu.total), known(kilobytes_of(memory.view(), "MemTotal:")),
            known(kilobytes_of(memory.view(), "MemAvailable:")), known(take_double(load_text))};
    });
    return 0; // the row is in the tuplestore
}

/// (pids integer[]) -> bytes that these processes have for themselves; null where nothing can be said.
STEWARD_FUNCTION_UNMEASURED(steward_host_process_bytes) {
    ArrayType *const array = PG_GETARG_ARRAYTYPE_P(0);
    if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("processes must be a plain array"));
    auto const *const pids = reinterpret_cast<const int32 *>(ARR_DATA_PTR(array));
    int const count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    double sum = 0.0;
    bool is_known = false;
    for (int i = 0; i < count; ++i) {
        double const bytes = private_bytes(pids[i]);
        is_known = is_known || bytes >= 0.0;
        sum += std::max(bytes, 0.0);
    }
    if (!is_known)
        PG_RETURN_NULL();
    PG_RETURN_FLOAT8(sum);
}

} // namespace steward
