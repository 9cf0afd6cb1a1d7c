#include "sidecar/page/page.hpp"

namespace steward::sidecar::page {

File const *find_file(std::string_view path) {
    for (File const &file : files)
        if (file.path == path)
            return &file;
    return nullptr;
}

} // namespace steward::sidecar::page
