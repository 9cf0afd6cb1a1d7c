// A Redis GET from within the database, as plainly as it can be had, for bench/cache: one blocking connection
// to a Unix socket, one round trip a call.
#include "extension/pg.hpp"

#include <cerrno>
#include <charconv>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern "C" {
PG_MODULE_MAGIC;
}

namespace {

int connection = -1;
char buffer[65536];

void open_connection(const text *path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strlcpy(address.sun_path, text_to_cstring(path), sizeof address.sun_path);
    connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
        ereport(ERROR, errmsg("could not connect to Redis: %m"));
}

void send_all(std::size_t size) {
    if (write(connection, buffer, size) != static_cast<ssize_t>(size))
        ereport(ERROR, errmsg("could not write to Redis: %m"));
}

/// Reads until there are so many bytes in the buffer.
std::size_t receive(std::size_t has, std::size_t wanted) {
    if (wanted > sizeof buffer)
        ereport(ERROR, errmsg("the answer of Redis is too long"));
    while (has < wanted) {
        ssize_t const more = read(connection, buffer + has, sizeof buffer - has);
        if (more <= 0 && errno != EINTR)
            ereport(ERROR, errmsg("could not read from Redis: %m"));
        has += static_cast<std::size_t>(std::max<ssize_t>(more, 0));
    }
    return has;
}

/// The value of an answer `$LENGTH\r\nVALUE\r\n`; null for `$-1\r\n`.
text *read_value() {
    std::size_t has = 0;
    const char *end = nullptr;
    do {
        has = receive(has, has + 1);
        end = static_cast<const char *>(memchr(buffer, '\n', has));
    } while (end == nullptr);
    int length = 0;
    if (buffer[0] != '$' || std::from_chars(buffer + 1, end, length).ec != std::errc())
        ereport(ERROR, errmsg("Redis answers \"%.*s\"", static_cast<int>(end - buffer), buffer));
    if (length < 0)
        return nullptr;
    const char *const value = end + 1;
    receive(has, static_cast<std::size_t>(value - buffer) + static_cast<std::size_t>(length) + 2);
    return cstring_to_text_with_len(value, length);
}

} // namespace

extern "C" {

/// redis_get(socket, key)
PG_FUNCTION_INFO_V1(redis_get);
PGDLLEXPORT Datum redis_get(PG_FUNCTION_ARGS) {
    if (connection < 0)
        open_connection(PG_GETARG_TEXT_PP(0));
    const text *const key = PG_GETARG_TEXT_PP(1);
    auto const size = static_cast<int>(VARSIZE_ANY_EXHDR(key));
    send_all(static_cast<std::size_t>(pg_snprintf(buffer, sizeof buffer, "*2\r\n$3\r\nGET\r\n$%d\r\n%.*s\r\n",
                                                  size, size, VARDATA_ANY(key))));
    text *const value = read_value();
    if (value == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(value);
}

/// nothing(namespace, key) is a call that does nothing.
PG_FUNCTION_INFO_V1(nothing);
PGDLLEXPORT Datum nothing(PG_FUNCTION_ARGS) {
    PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}
}
