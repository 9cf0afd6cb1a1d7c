// The extension's settings, all of them.
#pragma once

namespace steward {

/// Defines every setting of settings.cpp and reserves the prefix, so that a misspelt one is refused.
void define_settings();

} // namespace steward
