// What models say of inputs, and why.
#include <cmath>

#include "core/learn/model.hpp"

#include "extension/learn/champion.hpp"

#include "extension/rows.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
}

namespace steward::learn {

namespace {

constexpr const char *component = "learn";
constexpr std::size_t most_probabilities = core::most_labels + 1;

/// What a model says. Plain data, the names in the memory of what is kept, until the next look-up.
struct Said {
    std::size_t count;
    std::string_view labels[most_probabilities];
    double probabilities[most_probabilities];
    std::int64_t version;
    double confidence;
    core::LabelKind kind;
};

/// The features of the input of the running call. The memory is kept from call to call.
std::vector<core::Feature> &features_of(const core::Input &input, core::Encoding encoding) {
    static auto *const features = new std::vector<core::Feature>;
    features->clear();
    core::append_features(*features, input, encoding, on_interrupt);
    return *features;
}

core::Input input_of(FunctionCallInfo fcinfo, const Champion &champion) {
    Layout const layout = champion.layout();
    return guarded([&] { return input_argument(fcinfo, 1, layout); });
}

Said predict(FunctionCallInfo fcinfo) {
    core::Encoding const encoding = database_encoding();
    std::string_view const name = text_argument(fcinfo, 0);
    const Champion &champion = champion_named(name);
    std::vector<core::Feature> const &features = features_of(input_of(fcinfo, champion), encoding);
    Said said{champion.model.labels().size(), {}, {}, champion.version, champion.confidence,
              champion.model.parts().kind};
    champion.model.predict(features, {said.probabilities, said.count});
    for (std::size_t i = 0; i < said.count; ++i)
        said.labels[i] = champion.model.labels()[i];
    return said;
}

/// The label that is most likely; of any number of labels `any` is none.
std::size_t best_of(const Said &said) {
    std::size_t const count = said.count - (said.kind == core::LabelKind::any_of ? 1 : 0);
    return static_cast<std::size_t>(std::max_element(said.probabilities, said.probabilities + count) -
                                    said.probabilities);
}

text *text_of(std::string_view value) {
    return cstring_to_text_with_len(value.data(), static_cast<int>(value.size()));
}

JsonbValue json_string(std::string_view value) {
    JsonbValue json{};
    json.type = jbvString;
    json.val.string.val = const_cast<char *>(value.data());
    json.val.string.len = static_cast<int>(value.size());
    return json;
}

/// To six places: nobody knows more of a probability.
JsonbValue json_probability(double probability) {
    double const millionths = probability >= 0 && probability <= 1 ? probability * 1e6 : 0; // not a number
    JsonbValue json{};
    json.type = jbvNumeric;
    json.val.numeric = int64_div_fast_to_numeric(static_cast<int64>(std::llround(millionths)), 6);
    return json;
}

/// A part of the score, with the name of its term. Plain data.
struct Part {
    char *term;
    double value;
    std::int64_t place;
};

struct Parts {
    Part *parts;
    std::size_t count;
};

char *copy_of(const std::string &name) {
    auto *const copy = static_cast<char *>(palloc(name.size() + 1));
    memcpy(copy, name.c_str(), name.size() + 1);
    return copy;
}

/// As memory of the caller's, for the objects to be gone when rows are made.
template <class Value> Parts parts_from(const std::vector<core::Term> &terms, Value value) {
    Parts parts{};
    parts.parts = guarded([&] {
        return static_cast<Part *>(palloc_extended(sizeof(Part) * (terms.size() + 1), MCXT_ALLOC_HUGE));
    });
    for (const core::Term &term : terms) {
        check_interrupts();
        char *const name = guarded([&] { return copy_of(term.name); });
        parts.parts[parts.count++] = {name, value(term.feature),
                                      static_cast<std::int64_t>(term.feature.place)};
    }
    return parts;
}

std::size_t label_named(const core::Model &model, std::string_view name) {
    for (std::size_t i = 0; i < model.labels().size(); ++i)
        if (model.labels()[i] == name)
            return i;
    throw core::Error(core::ErrorKind::undefined_name,
                      "the model has no label \"" + std::string(name) + "\"");
}

Parts explain(FunctionCallInfo fcinfo) {
    core::Encoding const encoding = database_encoding();
    std::string_view const name = text_argument(fcinfo, 0);
    bool const is_named = !PG_ARGISNULL(3);
    std::string_view const wanted = is_named ? text_argument(fcinfo, 3) : std::string_view{};
    const Champion &champion = champion_named(name);
    core::Input const input = input_of(fcinfo, champion);
    std::size_t label = 0;
    if (is_named) {
        label = label_named(champion.model, wanted);
    } else {
        std::vector<double> probabilities(champion.model.labels().size());
        champion.model.predict(features_of(input, encoding), probabilities);
        label = static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
    }
    Parts parts =
        parts_from(core::terms_of(input, encoding, on_interrupt),
                   [&](const core::Feature &feature) { return champion.model.contribution(feature, label); });
    std::stable_sort(parts.parts, parts.parts + parts.count,
                     [](const Part &a, const Part &b) { return std::abs(a.value) > std::abs(b.value); });
    return parts;
}

Parts list_features(FunctionCallInfo fcinfo) {
    core::Encoding const encoding = database_encoding();
    std::string_view const name = text_argument(fcinfo, 0);
    core::Input const input = input_of(fcinfo, champion_named(name));
    return parts_from(core::terms_of(input, encoding, on_interrupt),
                      [](const core::Feature &feature) { return static_cast<double>(feature.value); });
}

struct Labels {
    std::size_t count;
    std::string_view labels[most_probabilities];
};

Labels labels_within(FunctionCallInfo fcinfo, double alpha) {
    core::Encoding const encoding = database_encoding();
    std::string_view const name = text_argument(fcinfo, 0);
    const Champion &champion = champion_named(name);
    std::vector<core::Feature> const &features = features_of(input_of(fcinfo, champion), encoding);
    std::vector<double> probabilities(champion.model.labels().size());
    champion.model.predict(features, probabilities);
    if (champion.model.parts().kind == core::LabelKind::any_of)
        probabilities.pop_back();
    Labels within{};
    for (std::size_t const label : champion.model.labels_within(probabilities, alpha))
        within.labels[within.count++] = champion.model.labels()[label];
    return within;
}

} // namespace

/// (name, input) -> {label: probability}
STEWARD_FUNCTION(steward_model_predict) {
    Said const said = predict(fcinfo);
    JsonbParseState *state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (std::size_t i = 0; i < said.count; ++i) {
        JsonbValue label = json_string(said.labels[i]);
        JsonbValue probability = json_probability(said.probabilities[i]);
        pushJsonbValue(&state, WJB_KEY, &label);
        pushJsonbValue(&state, WJB_VALUE, &probability);
    }
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

/// (name, input) -> label, probability, confident, version
STEWARD_FUNCTION(steward_model_predict_detail) {
    Said const said = predict(fcinfo);
    std::size_t const best = best_of(said);
    return one_row(fcinfo, std::array{PointerGetDatum(text_of(said.labels[best])),
                                      Float8GetDatum(said.probabilities[best]),
                                      BoolGetDatum(said.probabilities[best] >= said.confidence),
                                      Int64GetDatum(said.version)});
}

/// (name, input, label) -> its probability
STEWARD_FUNCTION(steward_model_probability) {
    Said const said = predict(fcinfo);
    std::string_view const wanted = text_argument(fcinfo, 2);
    for (std::size_t i = 0; i < said.count; ++i)
        if (said.labels[i] == wanted)
            PG_RETURN_FLOAT8(said.probabilities[i]);
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
            errmsg("the model has no label \"%.*s\"", static_cast<int>(wanted.size()), wanted.data()));
}

/// (name, input, k, label) -> term, contribution
STEWARD_FUNCTION(steward_model_explain) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a name and an input are needed"));
    std::int64_t const most = PG_ARGISNULL(2) ? PG_INT64_MAX : PG_GETARG_INT32(2);
    if (most < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("k must be positive"));
    Parts const parts = explain(fcinfo);
    ResultRows const rows = start_rows(fcinfo);
    for (std::size_t i = 0;
         i < parts.count && static_cast<std::int64_t>(i) < most && parts.parts[i].value != 0; ++i)
        rows.add([&] {
            return std::array{CStringGetTextDatum(parts.parts[i].term), Float8GetDatum(parts.parts[i].value)};
        });
    return Datum{0};
}

/// (name, input) -> term, place, value
STEWARD_FUNCTION(steward_model_features) {
    Parts const parts = list_features(fcinfo);
    ResultRows const rows = start_rows(fcinfo);
    for (std::size_t i = 0; i < parts.count; ++i)
        rows.add([&] {
            return std::array{CStringGetTextDatum(parts.parts[i].term), Int64GetDatum(parts.parts[i].place),
                              Float8GetDatum(parts.parts[i].value)};
        });
    return Datum{0};
}

/// (name, input, alpha) -> labels of which the true one is one with a probability of 1 - alpha
STEWARD_FUNCTION(steward_model_labels) {
    double const alpha = PG_GETARG_FLOAT8(2);
    if (!(alpha >= 0 && alpha <= 1))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("alpha must be between 0 and 1"));
    Labels const within = labels_within(fcinfo, alpha);
    Datum values[most_probabilities];
    for (std::size_t i = 0; i < within.count; ++i)
        values[i] = PointerGetDatum(text_of(within.labels[i]));
    PG_RETURN_ARRAYTYPE_P(
        construct_array(values, static_cast<int>(within.count), TEXTOID, -1, false, TYPALIGN_INT));
}

} // namespace steward::learn
