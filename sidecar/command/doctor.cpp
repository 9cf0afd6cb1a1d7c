#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "sidecar/command/commands.hpp"
#include "sidecar/db/conninfo.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::command {
namespace {

constexpr db::Statement question{"doctor", "SELECT name, state, detail, hint, command FROM steward.doctor()"};
constexpr std::size_t columns = 5;
constexpr std::array<char const *, columns> titles{"name", "state", "detail", "hint", "command"};

/// Characters, not bytes.
std::size_t width(std::string const &text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

using Line = std::array<std::string, columns>;

std::vector<Line> lines_of(db::Result const &result) {
    std::vector<Line> lines{Line{titles[0], titles[1], titles[2], titles[3], titles[4]}};
    for (int row = 0; row < result.rows(); ++row) {
        Line &line = lines.emplace_back();
        for (std::size_t column = 0; column < columns; ++column) {
            line[column] = result.text(row, static_cast<int>(column));
            std::replace(line[column].begin(), line[column].end(), '\n', ' ');
        }
    }
    return lines;
}

void print_table(std::vector<Line> const &lines) {
    std::array<std::size_t, columns> widths{};
    for (Line const &line : lines)
        for (std::size_t column = 0; column < columns; ++column)
            widths[column] = std::max(widths[column], width(line[column]));
    for (Line const &line : lines) {
        std::string text;
        for (std::size_t column = 0; column < columns; ++column)
            text += line[column] + std::string(widths[column] - width(line[column]) + 2, ' ');
        text.erase(text.find_last_not_of(' ') + 1);
        std::puts(text.c_str());
    }
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
        std::vector<Line> const lines = lines_of(session.run(question));
        print_table(lines);
        return std::any_of(lines.begin() + 1, lines.end(),
                           [](Line const &line) { return line[1] == "error"; });
    } catch (db::Error const &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        if (std::string const text = advice(error); !text.empty())
            std::fprintf(stderr, "hint: %s\n", text.c_str());
        return 2;
    }
}

} // namespace steward::sidecar::command
