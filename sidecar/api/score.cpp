#include "sidecar/api/score.hpp"

#include "sidecar/api/answer.hpp"
#include "sidecar/api/draft.hpp"
#include "sidecar/api/parameter.hpp"
#include "sidecar/base/clock.hpp"
#include "sidecar/base/json.hpp"
#include "sidecar/http/framing.hpp"

namespace steward::sidecar::api {
namespace {

// The first thousand findings: a megabyte of text may hold a hundred thousand.
constexpr db::Statement stored{
    "principle_score",
    "SELECT score, distance, level, ambiguity, formality, reliability, complexity, scored_at, stored,"
    " formula_version, lexicon_version, jsonb_path_query_array(findings, '$[0 to 999]')::text,"
    " jsonb_array_length(findings) > 1000 FROM steward.principle_score($1::bigint)"};
constexpr db::Statement drafted{
    "principle_draft_score",
    "SELECT score, distance, level, ambiguity, formality, reliability, complexity, scored_at, stored,"
    " formula_version, lexicon_version, jsonb_path_query_array(findings, '$[0 to 999]')::text,"
    " jsonb_array_length(findings) > 1000"
    " FROM steward.principle_draft_score($1::text, $2::jsonb, $3::bigint, $4::text)"};

enum Column {
    score,
    distance,
    level,
    ambiguity,
    formality,
    reliability,
    complexity,
    scored_at,
    is_stored,
    formula_version,
    lexicon_version,
    findings,
    is_truncated
};

/// The first row as members of JSON objects.
class Row {
  public:
    explicit Row(db::Result const &result) : result_(result) {}

    /// JSON has no word for what is not finite.
    std::string_view number(Column column) const {
        std::string_view const text = value(column);
        return text.empty() || text == "NaN" || text == "Infinity" || text == "-Infinity" ? "null" : text;
    }
    std::string string(Column column) const {
        return result_.is_null(0, column) ? "null" : json_string(value(column));
    }
    std::string timestamp(Column column) const {
        return result_.is_null(0, column) ? "null"
                                          : json_string(utc_from_database(std::string(value(column))));
    }
    std::string_view boolean(Column column) const { return value(column) == "t" ? "true" : "false"; }
    std::string_view json(Column column) const { return result_.is_null(0, column) ? "[]" : value(column); }

  private:
    std::string_view value(Column column) const { return result_.text(0, column); }

    db::Result const &result_;
};

std::string score_json(db::Result const &result, std::string const &principle_id, double milliseconds) {
    Row const row(result);
    JsonObject metrics;
    metrics.add_raw("language_ambiguity", row.number(ambiguity))
        .add_raw("criteria_formality", row.number(formality))
        .add_raw("historical_success_rate", row.number(reliability))
        .add_raw("complexity_score", row.number(complexity));
    JsonObject calculation;
    calculation.add_raw("timestamp", row.timestamp(scored_at))
        .add_milli("calculation_time_ms", milliseconds)
        .add_raw("version", row.string(formula_version))
        .add_raw("lexicon_version", row.string(lexicon_version))
        .add_raw("stored", row.boolean(is_stored));
    JsonObject body;
    body.add_raw("principle_id", principle_id)
        .add_raw("distance_score", row.number(distance))
        .add_raw("score", row.number(score))
        .add_raw("distance", row.number(distance))
        .add_raw("level", row.string(level))
        .add_raw("detailed_metrics", std::move(metrics).close())
        .add_raw("findings", row.json(findings));
    if (row.boolean(is_truncated) == "true")
        body.add("findings_truncated", true);
    body.add_raw("calculation_metadata", std::move(calculation).close());
    return std::move(body).close() + "\n";
}

void answer_score(httplib::Response &response, db::Session &session, db::Statement const &statement,
                  db::Parameters const &parameters, std::optional<std::int64_t> principle_id) {
    auto const start = Clock::now();
    std::string const id = principle_id ? std::to_string(*principle_id) : "null";
    {
        db::Result const result = session.run(statement, parameters); // gone before the answer is copied
        if (result.rows() == 0)
            throw Failure({404, "STW21", "There is no such principle.", "", 0});
        response.body = score_json(result, id, seconds_between(start, Clock::now()) * 1000);
    }
    response.set_header("Content-Type", "application/json");
}

void answer_stored(httplib::Response &response, db::Session &session, std::int64_t principle_id) {
    std::string const id = std::to_string(principle_id);
    answer_score(response, session, stored, {id.c_str()}, principle_id);
}

} // namespace

void warm_up(db::Session &session) {
    try {
        session.run(stored, {"0"});
    } catch (db::Error const &) {
        // Whatever it is, requests will meet it and say so.
    }
}

void get_score(std::string_view target, httplib::Response &response, db::Session &session) {
    auto const values = http::query_values(target, "principle_id");
    if (values.size() != 1)
        throw bad_request("The parameter principle_id is needed exactly once.");
    auto const principle_id = parse_bigint(values.front());
    if (!principle_id)
        throw bad_request("principle_id must be a whole number in the range of bigint.");
    answer_stored(response, session, *principle_id);
}

void post_score(std::string_view body, httplib::Response &response, db::Session &session) {
    Draft const draft = parse_draft(body);
    if (!draft.description) {
        answer_stored(response, session, *draft.principle_id);
        return;
    }
    std::string const id = draft.principle_id ? std::to_string(*draft.principle_id) : "";
    answer_score(response, session, drafted,
                 {draft.description->c_str(), draft.criteria.c_str(),
                  draft.principle_id ? id.c_str() : nullptr,
                  draft.profile ? draft.profile->c_str() : nullptr},
                 draft.principle_id);
}

} // namespace steward::sidecar::api
