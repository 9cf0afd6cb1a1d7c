// Bytes as SQL has them, for what the monitor keeps.
#pragma once

#include <optional>

#include "core/stats/durations.hpp"

#include "extension/boundary.hpp"

namespace steward::monitor {

inline std::string_view view(const bytea *bytes) noexcept {
    return {VARDATA_ANY(bytes), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes))};
}

/// In the memory of the caller's context. Plain C.
inline bytea *bytea_of(std::string_view bytes) {
    auto *const value = static_cast<bytea *>(palloc(bytes.size() + VARHDRSZ));
    SET_VARSIZE(value, bytes.size() + VARHDRSZ);
    memcpy(VARDATA(value), bytes.data(), bytes.size());
    return value;
}

inline Datum bytes_datum(const core::Durations &durations) {
    bytea *value = nullptr;
    std::string bytes;
    core::pack(durations, bytes);
    guarded([&] { value = bytea_of(bytes); });
    return PointerGetDatum(value);
}

inline core::Durations durations_of(const bytea *bytes) {
    std::optional<core::Durations> const durations = core::unpack(view(bytes));
    if (!durations)
        ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                errmsg("these bytes are no histogram"));
    return *durations;
}

} // namespace steward::monitor
