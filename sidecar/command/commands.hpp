// The commands of the program; each returns its exit code.
#pragma once

#include <string>

#include "sidecar/base/settings.hpp"

namespace steward::sidecar::command {

int serve(Settings const &settings);

/// 0 fine, 1 something is in error, 2 the database cannot be reached or asked.
int doctor(std::string const &database);

struct TopOptions {
    std::string database;
    std::string window = "1 hour";
    double interval = 2; // seconds between two looks
    bool once = false;
};

/// Shows the values of the page until it is interrupted. 2: the database cannot be asked at the first look.
int top(TopOptions const &options);

struct SetupOptions {
    std::string database;
    std::string migrations; // folder of the Sqitch project
    bool dry_run = false;
};

int setup(SetupOptions const &options);

struct TokenOptions {
    std::string database;
    std::string action; // create, list or revoke
    std::string level;
    std::string role; // empty: that of the level
    std::string ttl;
    std::string label;
    std::string id;
};

int token(TokenOptions const &options);

} // namespace steward::sidecar::command
