// SQL functions that score statements: ambiguity and the constitutional score.
#include "core/score/ambiguity.hpp"
#include "core/score/complexity.hpp"
#include "core/score/constitutional.hpp"
#include "core/score/lexicon.hpp"

#include "extension/boundary.hpp"
#include "extension/json.hpp"
#include "extension/lexicon.hpp"
#include "extension/rows.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
}

namespace steward {

namespace {

constexpr const char *component = "score";

/// True for what a person would call filled in: not null, not false, not blank, not empty.
bool is_filled(const JsonbValue *value) {
    if (value == nullptr)
        return false;
    switch (value->type) {
    case jbvString: {
        auto const *const begin = value->val.string.val;
        return !std::all_of(begin, begin + value->val.string.len,
                            [](char c) { return core::is_ascii_space(static_cast<unsigned char>(c)); });
    }
    case jbvNumeric:
        return true;
    case jbvBool:
        return value->val.boolean;
    case jbvBinary:
        return JsonContainerSize(value->val.binary.data) > 0;
    default:
        return false;
    }
}

/// A criterion is complete if it has an id and says given, when and then.
bool is_complete(JsonbContainer *criterion) {
    for (std::string_view const name : {"id", "given", "when", "then"}) {
        JsonbValue value;
        if (!is_filled(
                getKeyJsonValueFromContainer(criterion, name.data(), static_cast<int>(name.size()), &value)))
            return false;
    }
    return true;
}

double formality_of(Jsonb *criteria) {
    require_array(criteria, "criteria");
    int64 total = 0;
    int64 complete = 0;
    each_element(criteria, [&](const JsonbValue &criterion) {
        ++total;
        if (criterion.type != jbvBinary || !JsonContainerIsObject(criterion.val.binary.data))
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("criteria must be a JSON array of objects"),
                    errdetail("Element %lld is a JSON %s.", static_cast<long long>(total),
                              json_type_name(criterion)));
        complete += is_complete(criterion.val.binary.data) ? 1 : 0;
    });
    return core::criteria_formality(complete, total);
}

/// The elements of a one-dimensional float8[]; they live in the array itself.
std::span<const double> read_weights(ArrayType *array) {
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("weights must be one-dimensional"));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("weights must not be null"));
    auto const count = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)));
    return {reinterpret_cast<const double *>(ARR_DATA_PTR(array)), count};
}

struct ConstitutionalResult {
    core::Components components;
    double score;
};

/// The arguments that every form of the score has.
struct Principle {
    std::string_view statement;
    double formality;
    int64 successes;
    int64 attempts;
};

ConstitutionalResult score_principle(const Principle &principle, const core::Weights &weights,
                                     const core::Lexicon &lexicon) {
    double const reliability = core::synthesis_reliability(principle.successes, principle.attempts);
    double const ambiguity = core::ambiguity(principle.statement, lexicon, database_encoding(), on_interrupt);
    core::Components const components{ambiguity, principle.formality, reliability};
    return {components, core::constitutional_score(components, weights)};
}

/// Reads the arguments (statement, criteria, successes, attempts, weights) and scores them.
ConstitutionalResult constitutional(FunctionCallInfo fcinfo) {
    Principle const principle{text_argument(fcinfo, 0), formality_of(PG_GETARG_JSONB_P(1)),
                              PG_GETARG_INT64(2), PG_GETARG_INT64(3)};
    std::span<const double> const weights = read_weights(PG_GETARG_ARRAYTYPE_P(4));
    return score_principle(principle, core::make_weights(weights), core::default_lexicon());
}

Datum text_datum(std::string_view value) {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

double score_with_named_lexicon(std::string_view statement, std::string_view lexicon) {
    return core::ambiguity(statement, lexicon_named(lexicon), database_encoding(), on_interrupt);
}

} // namespace

STEWARD_FUNCTION(steward_ambiguity) {
    std::string_view const statement = text_argument(fcinfo, 0);
    core::Encoding const encoding = database_encoding();
    PG_RETURN_FLOAT8(core::ambiguity(statement, core::default_lexicon(), encoding, on_interrupt));
}

STEWARD_FUNCTION(steward_ambiguity_lexicon) {
    std::string_view const statement = text_argument(fcinfo, 0);
    PG_RETURN_FLOAT8(score_with_named_lexicon(statement, text_argument(fcinfo, 1)));
}

/// One score for each element; null where the element is null. The result has the shape of the argument.
STEWARD_FUNCTION(steward_ambiguity_scores) {
    ArrayType *const statements = PG_GETARG_ARRAYTYPE_P(0);
    std::string_view const lexicon = text_argument(fcinfo, 1);
    Datum *elements = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(statements, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
    auto *const scores = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<std::size_t>(count + 1)));
    for (int i = 0; i < count; ++i) {
        scores[i] = 0;
        check_interrupts(); // the core asks once a text, but not for an empty one
        if (nulls[i])
            continue;
        text *const statement = DatumGetTextPP(elements[i]);
        scores[i] = Float8GetDatum(score_with_named_lexicon(view(statement), lexicon));
        if (reinterpret_cast<Pointer>(statement) != DatumGetPointer(elements[i]))
            pfree(statement);
    }
    PG_RETURN_ARRAYTYPE_P(construct_md_array(scores, nulls, ARR_NDIM(statements), ARR_DIMS(statements),
                                             ARR_LBOUND(statements), FLOAT8OID, sizeof(float8),
                                             FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

STEWARD_FUNCTION(steward_ambiguity_findings) {
    std::string_view const statement = text_argument(fcinfo, 0);
    std::string_view const name = text_argument(fcinfo, 1);
    core::Encoding const encoding = database_encoding();
    ResultRows const rows = start_rows(fcinfo);

    const core::Lexicon &lexicon = lexicon_named(name);
    core::find_ambiguities(statement, lexicon, encoding, on_interrupt, [&](const core::Finding &finding) {
        guarded([&] {
            rows.add([&] {
                return std::array{text_datum(finding.group->name), text_datum(finding.phrase),
                                  Int32GetDatum(static_cast<int32>(finding.start)),
                                  Int32GetDatum(static_cast<int32>(finding.length)),
                                  Float8GetDatum(finding.group->weight)};
            });
        });
    });
    return 0; // the rows are in the tuplestore
}

/// Every phrase of a built-in lexicon with its class, weight and where both come from.
STEWARD_FUNCTION(steward_lexicon_phrases) {
    std::string_view const name = text_argument(fcinfo, 0);
    ResultRows const rows = start_rows(fcinfo);
    const core::LexiconDefinition &lexicon = lexicon_named(name).definition();
    for (const core::LexiconClass &group : lexicon.classes) {
        for (std::string_view const phrase : group.phrases) {
            rows.add([&] {
                return std::array{text_datum(group.name), text_datum(phrase), Float8GetDatum(group.weight),
                                  text_datum(group.reference), text_datum(group.weight_source)};
            });
        }
    }
    return 0; // the rows are in the tuplestore
}

STEWARD_FUNCTION(steward_criteria_formality) {
    PG_RETURN_FLOAT8(formality_of(PG_GETARG_JSONB_P(0)));
}

STEWARD_FUNCTION(steward_synthesis_reliability) {
    PG_RETURN_FLOAT8(core::synthesis_reliability(PG_GETARG_INT64(0), PG_GETARG_INT64(1)));
}

STEWARD_FUNCTION(steward_constitutional_score) {
    PG_RETURN_FLOAT8(constitutional(fcinfo).score);
}

STEWARD_FUNCTION(steward_constitutional_distance) {
    PG_RETURN_FLOAT8(1.0 - constitutional(fcinfo).score);
}

/// The columns that constitutional_detail and profile_score return.
static Datum detail_row(FunctionCallInfo fcinfo, const ConstitutionalResult &result,
                        std::string_view lexicon_version) {
    return one_row(fcinfo, std::array{
                               Float8GetDatum(result.score),
                               Float8GetDatum(1.0 - result.score),
                               text_datum(core::risk_level(result.score)),
                               Float8GetDatum(result.components.ambiguity),
                               Float8GetDatum(result.components.formality),
                               Float8GetDatum(result.components.reliability),
                               text_datum(core::constitutional_formula_version),
                               text_datum(lexicon_version),
                           });
}

STEWARD_FUNCTION(steward_constitutional_detail) {
    return detail_row(fcinfo, constitutional(fcinfo), core::iso_lexicon.version);
}

/// The score by the weights and the lexicon of a site's profile.
STEWARD_FUNCTION(steward_profile_score) {
    std::string_view const name = text_argument(fcinfo, 0);
    Principle const principle{text_argument(fcinfo, 1), formality_of(PG_GETARG_JSONB_P(2)),
                              PG_GETARG_INT64(3), PG_GETARG_INT64(4)};
    const ScoreProfile &profile = score_profile_named(name);
    const core::Lexicon &lexicon = lexicon_named(profile.lexicon);
    return detail_row(fcinfo, score_principle(principle, profile.weights, lexicon),
                      lexicon.definition().version);
}

STEWARD_FUNCTION(steward_risk_level) {
    PG_RETURN_DATUM(text_datum(core::risk_level(PG_GETARG_FLOAT8(0))));
}

STEWARD_FUNCTION(steward_statement_complexity) {
    std::string_view const statement = text_argument(fcinfo, 0);
    PG_RETURN_FLOAT8(core::statement_complexity(statement, database_encoding(), on_interrupt));
}

} // namespace steward
