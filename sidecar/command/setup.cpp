#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/command/commands.hpp"
#include "sidecar/db/conninfo.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::command {
namespace {

namespace fs = std::filesystem;

constexpr char const *grants = "deploy/grants.sql";

/// For sqitch and psql, which read it as libpq does. A password is not shown in a list of processes so.
void export_connection(std::string const &database) {
    std::map<std::string, char const *> const variables{
        {"host", "PGHOST"},       {"hostaddr", "PGHOSTADDR"}, {"port", "PGPORT"},
        {"user", "PGUSER"},       {"password", "PGPASSWORD"}, {"dbname", "PGDATABASE"},
        {"sslmode", "PGSSLMODE"}, {"sslcert", "PGSSLCERT"},   {"sslkey", "PGSSLKEY"},
        {"service", "PGSERVICE"}, {"passfile", "PGPASSFILE"}, {"sslrootcert", "PGSSLROOTCERT"},
        {"options", "PGOPTIONS"},
    };
    for (auto const &[keyword, value] : db::parse_conninfo(database))
        if (auto const found = variables.find(keyword); found != variables.end())
            ::setenv(found->second, value.c_str(), 1);
}

bool is_on_path(std::string const &program) {
    char const *const path = std::getenv("PATH");
    std::string folders = path == nullptr ? "" : path;
    while (!folders.empty()) {
        std::size_t const colon = std::min(folders.find(':'), folders.size());
        if (::access((folders.substr(0, colon) + "/" + program).c_str(), X_OK) == 0)
            return true;
        folders.erase(0, colon + 1);
    }
    return false;
}

/// Runs a command in a folder, with our output as its own; its exit code.
int run_command(std::string const &folder, std::vector<std::string> const &words) {
    std::vector<char *> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string const &word : words)
        arguments.push_back(const_cast<char *>(word.c_str()));
    arguments.push_back(nullptr);
    std::fflush(stdout);
    pid_t const child = ::fork();
    if (child < 0)
        throw std::runtime_error(std::string("cannot start ") + words[0] + ": " + std::strerror(errno));
    if (child == 0) {
        if (::chdir(folder.c_str()) == 0)
            ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

class Setup {
  public:
    explicit Setup(SetupOptions const &options) : options_(options), folder_(options.migrations) {}

    int run() {
        if (!fs::exists(folder_ / "sqitch.plan"))
            throw std::runtime_error("there are no migrations in " + folder_.string() +
                                     ": name their folder by --migrations");
        need("sqitch", "sqitch libdbd-pg-perl");
        need("psql", "postgresql-client");
        export_connection(options_.database);
        create_extension();
        // Sqitch writes into its history who deployed.
        ::setenv("SQITCH_FULLNAME", "steward setup", 0);
        ::setenv("SQITCH_EMAIL", "steward@localhost", 0);
        // ECHO: psql, which Sqitch runs, prints each statement before it sends it.
        start({"sqitch", "deploy", "--target", "db:pg:" + database_name(), "--set", "ECHO=queries"});
        if (options_.dry_run)
            print_migrations();
        // Again, because an update of the extension may have brought functions that are not granted yet.
        if (fs::exists(folder_ / grants))
            start({"psql", "--no-psqlrc", "--quiet", "--echo-queries", "--set", "ON_ERROR_STOP=1", "--file",
                   grants});
        std::puts("steward doctor");
        return options_.dry_run ? 0 : doctor(options_.database);
    }

  private:
    void need(char const *program, char const *packages) const {
        if (!options_.dry_run && !is_on_path(program))
            throw std::runtime_error(std::string(program) + " is not installed: apt-get install " + packages);
    }

    /// The statements of all changes in the order of the plan; which of them are deployed, only the database
    /// knows.
    void print_migrations() const {
        std::ifstream plan(folder_ / "sqitch.plan");
        for (std::string line; std::getline(plan, line);) {
            std::string const change = line.substr(0, line.find(' '));
            if (change.empty() || change[0] == '%' || change[0] == '#')
                continue;
            std::printf("-- %s, unless it is deployed\n", change.c_str());
            std::ifstream script(folder_ / "deploy" / (change + ".sql"));
            for (std::string statement; std::getline(script, statement);)
                std::puts(statement.c_str());
        }
    }

    void create_extension() const {
        constexpr char const *sql = "CREATE EXTENSION IF NOT EXISTS pg_steward";
        std::printf("%s;\n", sql);
        if (options_.dry_run)
            return;
        db::Result const connected = connect_and_run(sql);
        if (PQresultStatus(connected.get()) != PGRES_COMMAND_OK)
            throw std::runtime_error(PQresultErrorMessage(connected.get()));
    }

    db::Result connect_and_run(char const *sql) const {
        std::unique_ptr<PGconn, decltype(&PQfinish)> const connection(PQconnectdb(options_.database.c_str()),
                                                                      PQfinish);
        if (PQstatus(connection.get()) != CONNECTION_OK)
            throw db::Error("08006", PQerrorMessage(connection.get()));
        PQsetNoticeProcessor(
            connection.get(), [](void *, char const *) {}, nullptr);
        return db::Result(PQexec(connection.get(), sql));
    }

    /// Sqitch wants it in the target; the rest it takes from the environment.
    static std::string database_name() {
        char const *const name = std::getenv("PGDATABASE");
        if (name != nullptr)
            return name;
        char const *const user = std::getenv("PGUSER");
        return user == nullptr ? "" : user;
    }

    void start(std::vector<std::string> const &words) const {
        std::string line;
        for (std::string const &word : words)
            line += (line.empty() ? "" : " ") + word;
        std::printf("cd %s && %s\n", folder_.c_str(), line.c_str());
        if (options_.dry_run)
            return;
        if (int const code = run_command(folder_.string(), words); code != 0)
            throw std::runtime_error(words[0] + " failed with exit code " + std::to_string(code));
    }

    SetupOptions const &options_;
    fs::path const folder_;
};

} // namespace

int setup(SetupOptions const &options) {
    try {
        return Setup(options).run();
    } catch (db::Error const &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 2;
    }
}

} // namespace steward::sidecar::command
