// What a model is taught between two trainings.
#include "extension/learn/bytes.hpp"
#include "extension/learn/input.hpp"
#include "extension/learn/source_rows.hpp"

#include "extension/text.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace steward::learn {

namespace {

constexpr const char *component = "learn";

bytea *pack_input(Jsonb *object, std::string_view text_name, const List *value_texts) {
    std::vector<std::string> const values = value_names(value_texts);
    Layout const layout{text_name, values};
    core::Encoding const encoding = database_encoding();
    core::Input input{};
    guarded([&] { input.values = values_of(object, layout, input.text); });
    std::vector<core::Feature> features;
    core::append_features(features, input, encoding, on_interrupt);
    return guarded([&] { return pack(features); });
}

} // namespace

/// (input, text, features) -> features as they are hashed, whichever version of a model they are for
STEWARD_FUNCTION(steward_model_pack) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    std::string_view const text_name = PG_ARGISNULL(1) ? std::string_view{} : text_argument(fcinfo, 1);
    PG_RETURN_BYTEA_P(pack_input(PG_GETARG_JSONB_P(0), text_name, texts_argument(fcinfo, 2)));
}

} // namespace steward::learn
