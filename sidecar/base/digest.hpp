// Hashes and random numbers that secrets are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace steward::sidecar {

/// 64 hexadecimal digits.
std::string sha256(std::string_view text);

/// Twice as many hexadecimal digits, which nobody can foretell.
std::string random_digits(std::size_t bytes);

/// Takes as long whatever the bytes are.
bool are_equal_secrets(std::string_view a, std::string_view b);

} // namespace steward::sidecar
