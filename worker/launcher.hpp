// Registration of the launcher.
#pragma once

namespace steward {

/// While the library is preloaded: the server is to run the launcher.
void register_launcher();

} // namespace steward
