// The model that serves under a name, as this process keeps it.
#pragma once

#include "core/learn/model.hpp"

#include "extension/boundary.hpp"
#include "extension/learn/input.hpp"

namespace steward::learn {

struct Champion {
    core::Model model;
    std::int64_t version;
    double confidence; ///< from which on a label is taken for certain

    Layout layout() const noexcept { return {model.parts().text_name, model.parts().value_names}; }
};

/// Read from table steward.model_champion with the rights of the caller and kept until that changes. The
/// reference holds until the next call. Throws Error(undefined_name) if there is no model of that name that
/// was trained and promoted; raises 55000 where the table is missing.
const Champion &champion_named(std::string_view name);

} // namespace steward::learn
