#include "sidecar/base/settings.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "sidecar/http/text.hpp"

namespace steward::sidecar {
namespace {

/// statement-timeout: STEWARD_STATEMENT_TIMEOUT
std::string environment_name(std::string const &option) {
    std::string name = "STEWARD_";
    for (char const c : option)
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

std::string unquoted(std::string_view value) {
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
    return std::string(value);
}

/// `key = value` a line; the key is an option without its hyphens, # begins a comment line.
std::vector<std::string> read_file(std::string const &path, std::vector<std::string> const &options) {
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error("cannot read the configuration file " + path);
    std::vector<std::string> arguments;
    std::string text;
    for (int number = 1; std::getline(file, text); ++number) {
        std::string_view line = http::trim(text);
        if (line.empty() || line.front() == '#')
            continue;
        std::string const place = path + ", line " + std::to_string(number) + ": ";
        std::size_t const equals = line.find('=');
        if (equals == std::string_view::npos)
            throw std::runtime_error(place + "expected key = value");
        std::string key(http::trim(line.substr(0, equals)));
        std::replace(key.begin(), key.end(), '_', '-');
        if (key == "config" || std::find(options.begin(), options.end(), key) == options.end())
            throw std::runtime_error(std::string(place).append("unknown key \"").append(key).append("\""));
        arguments.push_back("--" + key + "=" + unquoted(http::trim(line.substr(equals + 1))));
    }
    if (file.bad())
        throw std::runtime_error("cannot read the configuration file " + path);
    return arguments;
}

/// What --config says, on the command line or in the environment.
std::string config_path(std::vector<std::string> const &arguments) {
    std::string path;
    if (char const *value = std::getenv("STEWARD_CONFIG"))
        path = value;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--config" && i + 1 < arguments.size())
            path = arguments[i + 1];
        else if (arguments[i].rfind("--config=", 0) == 0)
            path = arguments[i].substr(9);
    }
    return path;
}

} // namespace

std::vector<std::string> with_file_and_environment(std::vector<std::string> const &arguments,
                                                   std::vector<std::string> const &options) {
    std::vector<std::string> all;
    if (std::string const path = config_path(arguments); !path.empty())
        all = read_file(path, options);
    for (std::string const &option : options)
        if (char const *value = std::getenv(environment_name(option).c_str()))
            all.push_back("--" + option + "=" + value);
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

} // namespace steward::sidecar
