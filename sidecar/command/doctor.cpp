#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "sidecar/command/commands.hpp"
#include "sidecar/command/table.hpp"
#include "sidecar/db/conninfo.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::command {
namespace {

constexpr db::Statement question{"doctor", "SELECT name, state, detail, hint, command FROM steward.doctor()"};

std::vector<Cells> lines_of(db::Result const &result) {
    std::vector<Cells> lines{{"name", "state", "detail", "hint", "command"}};
    for (int row = 0; row < result.rows(); ++row) {
        Cells &line = lines.emplace_back();
        for (int column = 0; column < 5; ++column) {
            std::string &cell = line.emplace_back(result.text(row, column));
            std::replace(cell.begin(), cell.end(), '\n', ' ');
        }
    }
    return lines;
}

/// What to do about a database that cannot be asked.
std::string advice(db::Error const &error) {
    if (error.sqlstate() == "3F000" || error.sqlstate() == "42883")
        return "The extension pg_steward is missing in this database, or older than this program: run "
               "`steward setup`, or as a superuser CREATE EXTENSION pg_steward.";
    if (error.sqlstate() == "42501")
        return "The role may not ask: grant it the role steward_reader.";
    return error.hint();
}

} // namespace

int doctor(std::string const &database) {
    db::Health health;
    db::SessionSettings settings;
    settings.conninfo = database;
    settings.application_name = "steward doctor";
    db::Session session(settings, health);
    try {
        std::vector<Cells> const lines = lines_of(session.run(question));
        std::fputs(table(lines).c_str(), stdout);
        return std::any_of(lines.begin() + 1, lines.end(),
                           [](Cells const &line) { return line[1] == "error"; });
    } catch (db::Error const &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        if (std::string const text = advice(error); !text.empty())
            std::fprintf(stderr, "hint: %s\n", text.c_str());
        return 2;
    }
}

} // namespace steward::sidecar::command
