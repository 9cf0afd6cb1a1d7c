// What cpp-httplib takes for a socket: the bytes of one request, and a place for its answer.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include <httplib.h>

namespace steward::sidecar::http {

class MemoryStream final : public httplib::Stream {
  public:
    MemoryStream(std::string_view head, std::string_view body, std::string &output)
        : head_(head), body_(body), output_(output) {}

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    ssize_t read(char *target, size_t size) override {
        std::string_view &source = head_.empty() ? body_ : head_;
        size_t const taken = std::min(size, source.size());
        std::memcpy(target, source.data(), taken);
        source.remove_prefix(taken);
        return static_cast<ssize_t>(taken);
    }
    ssize_t write(char const *source, size_t size) override {
        output_.append(source, size);
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string &, int &port) const override { port = 0; }
    void get_local_ip_and_port(std::string &, int &port) const override { port = 0; }
    socket_t socket() const override { return 0; }

  private:
    std::string_view head_;
    std::string_view body_;
    std::string &output_;
};

} // namespace steward::sidecar::http
