#include "core/fields/ranges.hpp"

#include <charconv>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace steward::core {

namespace {

std::string text(double number) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

} // namespace

void check_range(const char *name, double value, double least, double most, bool above) {
    if (std::isfinite(value) && value <= most && (above ? value > least : value >= least))
        return;
    throw Error(ErrorKind::invalid_argument, std::string("parameter ") + name + " is out of range", {},
                "It is " + std::string(above ? "more than " : "at least ") + text(least) + " and at most " +
                    text(most) + ".");
}

} // namespace steward::core
