# Writes the files of the page into a C++ source. Run at build time:
#   cmake -DOUTPUT=... "-DFILES=/path=file;..." -P embed.cmake
set(arrays "")
set(rows "")
set(number 0)
foreach(pair IN LISTS FILES)
    string(REGEX MATCH "^([^=]*)=(.*)$" matched "${pair}")
    set(path "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    file(READ "${file}" bytes HEX)
    string(LENGTH "${bytes}" length)
    math(EXPR length "${length} / 2")
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    cmake_path(GET file EXTENSION LAST_ONLY suffix)
    if(suffix STREQUAL ".html")
        set(type "text/html; charset=utf-8")
    elseif(suffix STREQUAL ".js")
        set(type "text/javascript; charset=utf-8")
    elseif(suffix STREQUAL ".css")
        set(type "text/css; charset=utf-8")
    else()
        message(FATAL_ERROR "what is ${file}?")
    endif()
    string(APPEND arrays "constexpr unsigned char file_${number}[] = {${bytes}0};\n")
    string(APPEND rows "    {\"${path}\", \"${type}\", file_${number}, ${length}},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "// Made by sidecar/page/embed.cmake.
#include \"sidecar/page/page.hpp\"

namespace steward::sidecar::page {
namespace {
${arrays}}
std::array<File, file_count> const files{{
${rows}}};
} // namespace steward::sidecar::page
")
