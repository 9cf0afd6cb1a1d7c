// What is going on: the values of the page.
#include "sidecar/api/catalog.hpp"

namespace steward::sidecar::api {

std::vector<Endpoint> live_endpoints() {
    return {
        {.method = "GET",
         .path = "/api/v1/dashboard",
         .name = "dashboard",
         .summary = "The facts that the page shows",
         .parameters = {{Where::query, "window", Kind::interval, "Over how long.", false, "1 hour"}},
         .answer = "at:string window_seconds:number score:object slo:[object] components:[object] "
                   "caches:[object] prompts:[object] queues:[object] summaries:[object] models:[object] "
                   "alerts:[object] "
                   "changes:[object] operations:[object] duties:[object] routes:[object] "
                   "statements:[object] availability:[object] host:object? tick:object? last_round:object?",
         .sql = "SELECT steward.dashboard($1::interval)::text"},
    };
}

} // namespace steward::sidecar::api
