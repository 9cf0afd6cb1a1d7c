"""The endpoints of the table: each answers as OpenAPI says, and OpenAPI says nothing else."""
import json
import re
import unittest
import urllib.parse

import jsonschema

from identity_test import bearer, create
from sidecar import SCORE, SidecarTest, psql, wait_for

JSON = {"Content-Type": "application/json"}
# Of the other half of the same work; where it is not deployed, 503 says so.
PENDING = set()


def setup():
    """A little of everything that can be asked for."""
    psql("""
        CREATE ROLE api_user LOGIN IN ROLE steward_writer, steward_job;
        CREATE SCHEMA api_test AUTHORIZATION api_user;
    """)
    psql("""
        SET ROLE api_user;
        CREATE TABLE api_test.note (id bigint PRIMARY KEY, body text, label text, place real[]);
        INSERT INTO api_test.note SELECT i, CASE WHEN i % 2 = 0 THEN 'the parcel was lost' ELSE 'the sun is shining' END || ' ' || i,
               CASE WHEN i % 2 = 0 THEN 'bad' ELSE 'good' END, ARRAY[i, 1] FROM generate_series(1, 400) AS i;
        SELECT steward.cache_create('api_cache');
        SELECT steward.cache_set('api_cache', k, '1') FROM unnest('{a1,a2,b1,b2}'::text[]) AS k;
        CREATE TABLE api_test.question (id bigint PRIMARY KEY, body text);
        SELECT steward.embedding_create('api_test.question', 'body');
        INSERT INTO api_test.question VALUES (1, 'I forgot my password'), (2, 'Where is my parcel?'), (3, 'How do I pay?');
        SELECT steward.summary_create('api_test.per_label', 'SELECT label, count(*) AS notes FROM api_test.note GROUP BY label', '{label}');
        SELECT steward.model_create('api_model', 'api_test.note', label => 'label', text => 'body');
        SELECT steward.model_train('api_model');
        SELECT steward.schedule_create('api schedule', '0 3 * * *', 'SELECT 1');
        SELECT steward.job_enqueue('sql', '{"command": "SELECT 1"}', run_at => now() + interval '1 day') FROM generate_series(1, 7);
        SELECT steward.recovery_dispatch(number, 'timeout', 'it took too long') FROM generate_series(1, 5) AS number;
    """)
    psql("INSERT INTO steward.qec_error_predictions (principle_id, prediction_timestamp, overall_risk_score, predicted_failures, model_version)"
         " SELECT number, now() - number * interval '1 second', 0.1 * number, '{}', 'test' FROM generate_series(1, 9) AS number")
    psql("SELECT steward.fidelity_calculate(clock_timestamp(), clock_timestamp(), '{}')")


def closed(schema):
    """The schema for objects that have no members but those it names."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(each) for name, each in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" else inner


class Api(SidecarTest):
    options = ("--auth", "off", "--log-level", "warning")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup()
        cls.document = json.loads(cls.sidecar.get("/api/v1/openapi.json").body)
        cls.token = create("writer", "--as", "api_user")
        cls.seen = set()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        psql("DELETE FROM steward.recovery_attempt; DELETE FROM steward.recovery; DELETE FROM steward.api_token; DELETE FROM steward.job;"
             "DELETE FROM steward.qec_error_predictions; SET ROLE api_user; SELECT steward.model_drop('api_model'); SELECT steward.schedule_drop('api schedule');"
             "SELECT steward.summary_drop('api_test.per_label'); SELECT steward.cache_drop('api_cache')")
        psql("DROP OWNED BY api_user CASCADE; DROP SCHEMA IF EXISTS api_test CASCADE; DROP ROLE api_user")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield method.upper(), path, operation

    def check_answer(self, answer, operation):
        """The answer as the document describes that status."""
        described = operation["responses"].get(str(answer.status), operation["responses"].get("default"))
        self.assertIsNotNone(described, f"{operation['operationId']} answers {answer.status}: {answer.body}")
        if answer.status == 304:
            return
        kind, content = next(iter(described["content"].items()))
        self.assertEqual(answer.headers["content-type"], kind)
        # No row has a column more than it should show.
        schema = closed({**content["schema"], "components": self.document["components"]})
        jsonschema.Draft202012Validator(schema).validate(answer.json())

    def call(self, name, target=None, body=None, token=None, expect=None, **headers):
        """One operation of the document."""
        method, path, operation = next(each for each in self.operations() if each[2]["operationId"] == name)
        headers = {**headers, **(bearer(token or self.token) if "x-level" in operation else {})}
        if body is not None:
            headers.update(JSON)
        answer = self.sidecar.request(method, target or path, None if body is None else json.dumps(body), headers)
        self.check_answer(answer, operation)
        if expect is not None:
            self.assertEqual(answer.status, expect, answer.body)
        if answer.status < 300:
            self.seen.add(name)
        return answer

    def test_the_document_is_one(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        names = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))
        for _, path, operation in self.operations():
            parameters = operation.get("parameters", [])
            self.assertEqual(sorted(re.findall(r"{(\w+)}", path)), sorted(p["name"] for p in parameters if p["in"] == "path"))
            for parameter in parameters:
                jsonschema.Draft202012Validator.check_schema(parameter["schema"])
            for answer in operation["responses"].values():
                self.assertIn("description", answer)
                for content in answer.get("content", {}).values():
                    jsonschema.Draft202012Validator.check_schema(content["schema"])

    def test_every_operation_answers_as_described(self):
        job = self.call("job_create", body={"kind": "sql", "payload": {"command": "SELECT 1"}, "run_at": "2100-01-01"}, expect=201).json()
        place = f"/api/v1/jobs/{job['queue']}/{job['id']}"
        self.assertEqual(self.call("job", place, expect=200).json()["state"], "scheduled")
        self.call("job_cancel", place + "/cancel", expect=200)
        self.call("job", place, expect=404)
        self.call("job_cancel", place + "/cancel", expect=404)
        for name in ("jobs", "queues", "schedules", "summaries", "cache_stats", "models", "strategies", "conflicts", "error_predictions",
                     "fidelity_history", "doctor"):
            answer = self.call(name, expect=200).json()
            self.assertTrue(answer["items"], name)
        for name in ("session", "fidelity_current", "conflict_insights", "conflict_tasks"):
            self.call(name, expect=200)
        self.call("score", f"{SCORE}?principle_id=1", expect=200)
        self.call("score_draft", body={"principle_data": {"description": "It may."}}, expect=200)
        self.call("summary_refresh", "/api/v1/summaries/api_test.per_label/refresh", body={"mode": "full"}, expect=200)
        self.assertEqual(len(self.call("model_versions", "/api/v1/models/api_model/versions", expect=200).json()["items"]), 1)
        self.call("model_drift", "/api/v1/models/api_model/drift", expect=200)
        prediction = self.call("model_predict", "/api/v1/models/api_model/predict", body={"text": "the parcel was lost 1"}, expect=200).json()
        self.assertEqual(prediction["label"], "bad")
        self.call("model_predict", "/api/v1/models/api_model/predict", body={"input": {"body": "the sun"}}, expect=200)
        self.call("model_predict", "/api/v1/models/nothing/predict", body={"text": "x"}, expect=404)
        found = self.call("search", body={"table": "api_test.note", "query": "parcel", "column": "body", "k": 3}, expect=200).json()["items"]
        self.assertEqual(len(found), 3)
        self.assertIn("parcel", found[0]["row"]["body"])
        near = self.call("search", body={"table": "api_test.note", "vector": [8, 1], "k": 1}, expect=200).json()["items"]
        self.assertEqual(near[0]["row"]["id"], 8)
        both = self.call("search", body={"table": "api_test.note", "query": "parcel", "column": "body", "vector": [8, 1], "k": 5}, expect=200)
        self.assertEqual(len(both.json()["items"]), 5)
        self.assertIn("column", self.call("search", body={"table": "api_test.note", "query": "parcel"}, expect=400).json()["hint"])
        self.call("search", body={"table": "api_test.nothing", "query": "parcel"}, expect=404)
        meant = self.call("search", body={"table": "api_test.question", "query": "forgotten pasword", "k": 1}, expect=200).json()["items"]
        self.assertEqual(meant[0]["row"]["id"], 1, "by what it means, where the table has an embedding")
        psql("UPDATE steward.monitor_setting SET paused = true")
        advised = [row for row in self.call("doctor", expect=200).json()["items"] if row["name"] == "monitor"][0]
        self.assertEqual((advised["can_apply"], advised["command"]), (True, "UPDATE steward.monitor_setting SET paused = false;"))
        self.assertEqual(self.call("doctor_apply", "/api/v1/doctor/monitor/apply", expect=200).json()["name"], "monitor")
        self.assertEqual(psql("SELECT paused FROM steward.monitor_setting"), "f")
        self.call("doctor_apply", "/api/v1/doctor/nothing/apply", expect=404)
        self.call("doctor_apply", "/api/v1/doctor/version/apply", expect=409)
        recovery = self.call("conflict_create", body={"principle_id": 7, "failure_type": "timeout", "error": "slow"}, expect=201).json()
        one = self.call("conflict", f"/api/v1/conflict-resolution/7/{recovery['recovery_id']}", expect=200).json()
        self.assertEqual(one["failure_type"], "timeout")
        resolve = f"/api/v1/conflict-resolution/7/{recovery['recovery_id']}/resolve"
        self.call("conflict_resolve", resolve, body={"outcome": "recovered"}, expect=409)
        psql("UPDATE steward.recovery SET state = 'needs_human' WHERE principle_id = 7;"
             "DELETE FROM steward.recovery_attempt WHERE principle_id = 7;"
             "INSERT INTO steward.recovery_attempt (principle_id, recovery_id, attempt, owner, strategy, started_at)"
             " SELECT principle_id, recovery_id, 1, owner, 'human_review', now() FROM steward.recovery WHERE principle_id = 7")
        self.assertTrue(self.call("conflict_tasks", expect=200).json()["items"])
        done = self.call("conflict_resolve", resolve, body={"outcome": "recovered", "answer": {"by": "hand"}, "note": "it was easy"}, expect=200)
        self.assertEqual(done.json()["state"], "recovered")
        self.call("error_prediction_create", body={"principle_id": 99999}, expect=404)
        self.call("cache_invalidate", body={"namespace": "api_cache", "key": "a1"}, expect=200)
        self.call_health()
        missing = {operation["operationId"] for _, _, operation in self.operations()} - self.seen - PENDING - {"events", "error_prediction_create"}
        self.assertEqual(missing, set(), "documented, but never seen to answer")

    def call_health(self):
        is_there = psql("SELECT to_regprocedure('steward.dashboard(interval)') IS NOT NULL") == "t"
        names = {"dashboard": "", "slo": "", "alerts": "", "performance_summary": "", "performance_report": "?window=1%20day", "preflight": "",
                 "metric_changes": "?at=2026-01-01", "metric_points": "?name=host_load"}
        psql("INSERT INTO steward.alert (rule, opened_at, since, severity, value, peak, threshold, summary, description)"
             " VALUES ('Api', '2026-01-01', '2026-01-01', 'info', 2, 3, 1, 'It is high', 'It is 2')")
        for name, query in names.items():
            path = next(path for _, path, operation in self.operations() if operation["operationId"] == name)
            answer = self.call(name, path + query)
            self.assertEqual(answer.status, 200 if is_there else 503, answer.body)
            if not is_there:
                PENDING.add(name)
        self.assertEqual([alert["summary"] for alert in self.call("alerts").json()["items"]], ["It is high"])
        psql("DELETE FROM steward.alert WHERE rule = 'Api'")
        answer = self.call("metric_change_create", body={"note": "something has changed"})
        self.assertEqual(answer.status, 201 if is_there else 503, answer.body)
        if not is_there:
            PENDING.add("metric_change_create")

    def test_invalidating_caches(self):
        entries = "SELECT string_agg(key, ' ' ORDER BY key) FROM steward.cache_entries WHERE namespace = 'api_cache' AND tier = 'memory'"
        psql("SET ROLE api_user; SELECT steward.cache_set('api_cache', k, '1') FROM unnest('{a1,a2,b1,b2}'::text[]) AS k")
        self.assertEqual(self.call("cache_invalidate", body={"namespace": "api_cache", "key": "a1"}, expect=200).json()["removed"], 1)
        self.assertEqual(self.call("cache_invalidate", body={"namespace": "api_cache", "pattern": "b%"}, expect=200).json()["removed"], 2)
        self.assertEqual(psql(entries), "a2")
        self.call("cache_invalidate", body={"tag": "nothing has it"}, expect=200)
        self.call("cache_invalidate", body={"namespace": "api_cache"}, expect=200)
        self.assertEqual(psql(entries), "")
        self.call("cache_invalidate", body={}, expect=400)

    def test_nothing_undocumented(self):
        for path, item in self.document["paths"].items():
            target = re.sub(r"{\w+}", "1", path)
            documented = {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
            for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} - documented:
                answer = self.sidecar.request(method, target, "{}" if method != "HEAD" else None)
                self.assertEqual(answer.status, 405, f"{method} {target}")
                self.assertEqual(set(answer.headers["allow"].split(", ")), documented)
        for path in ("/api/v1/", "/api/v1/jobs/", "/api/v1/jobs/a", "/api/v1/jobs/a/1/", "/api/v1/models//versions", "/api/v2/jobs"):
            self.check_problem(self.sidecar.get(path), 404, "STW22")

    def test_errors_name_what_is_wrong(self):
        for target, name in (("/api/v1/jobs?limit=0", "limit"), ("/api/v1/jobs?limit=501", "limit"), ("/api/v1/jobs?limit=x", "limit"),
                             ("/api/v1/jobs?state=lazy", "state"), ("/api/v1/jobs?color=red", "color"), ("/api/v1/jobs?limit=1&limit=1", "limit"),
                             ("/api/v1/jobs/a/x", "id"), ("/api/v1/jobs/a/9223372036854775808", "id"), ("/api/v1/metrics/changes", "at"),
                             ("/api/v1/qec/error-prediction?min_risk=2", "min_risk"), ("/api/v1/qec/error-prediction?min_risk=nan", "min_risk"),
                             ("/api/v1/jobs?queue=%00", "queue")):
            self.check_problem(self.sidecar.get(target), 400, "STW20", name)
        for body, name in (('{"kind": 1}', "kind"), ('{}', "kind"), ('{"kind": "sql", "color": 1}', "color"), ('{"kind": "sql", "priority": 10}', "priority"),
                           ('{"kind": "sql", "priority": "1"}', "priority"), ('[]', "object"), ('{"kind":', "JSON"), ('{"kind": "a\\u0000"}', "kind")):
            answer = self.sidecar.request("POST", "/api/v1/jobs", body, {**JSON, **bearer(self.token)})
            self.check_problem(answer, 400, "STW20", name)
        for target in ("/api/v1/qec/error-prediction?after=x", "/api/v1/conflict-resolution/?after=a|b|c"):
            self.assertEqual(self.sidecar.get(target).status, 400)
        self.check_problem(self.sidecar.request("POST", "/api/v1/jobs", "{}", {"Content-Type": "text/plain", **bearer(self.token)}), 415, "STW24")

    def test_writing_needs_a_token_even_here(self):
        for method, path, operation in self.operations():
            if operation.get("x-level") == "reader":
                continue
            answer = self.sidecar.request(method, re.sub(r"{\w+}", "1", path), "{}", JSON)
            self.check_problem(answer, 401, "STW30")
            answer = self.sidecar.request(method, re.sub(r"{\w+}", "1", path), "{}", {**JSON, **bearer(create("reader"))})
            self.check_problem(answer, 403, "STW32")

    def test_pages(self):
        for path, number in (("/api/v1/jobs", 7), ("/api/v1/qec/error-prediction", 9), ("/api/v1/conflict-resolution/", 5),
                             ("/api/v1/strategies", 8), ("/api/v1/doctor", 5), ("/api/v1/fidelity/history", 1)):
            whole = self.sidecar.get(f"{path}?limit=500", **bearer(self.token)).json()
            self.assertIsNone(whole["next"])
            self.assertGreaterEqual(len(whole["items"]), number, path)
            items, target, rounds = [], f"{path}?limit=2", 0
            while target:
                answer = self.sidecar.get(target, **bearer(self.token))
                self.assertEqual(answer.status, 200, answer.body)
                page = answer.json()
                self.assertTrue(len(page["items"]) == 2 or page["next"] is None)
                items += page["items"]
                link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
                self.assertEqual(link is not None, page["next"] is not None)
                if link:
                    self.assertIn(urllib.parse.quote(page["next"], safe="-._~"), link[1])
                target = link[1] if link else None
                rounds += 1
            self.assertEqual(rounds, max(1, -(-len(whole["items"]) // 2)))
            if path != "/api/v1/doctor": # whose texts hold figures of the moment
                self.assertEqual(items, whole["items"], path)

    def test_tags(self):
        with self.sidecar.connect() as client:
            first = client.request("GET", "/api/v1/strategies")
            again = client.request("GET", "/api/v1/strategies", headers={"If-None-Match": first.headers["etag"]})
            self.assertEqual((again.status, again.body, again.headers["etag"]), (304, "", first.headers["etag"]))
            head = client.request("HEAD", "/api/v1/strategies")
            self.assertEqual((head.status, head.headers["etag"]), (200, first.headers["etag"]))
            other = client.request("GET", "/api/v1/strategies?limit=1", headers={"If-None-Match": first.headers["etag"]})
            self.assertEqual(other.status, 200)
            # Somebody else is never told that it is what the first one has.
            mine = client.request("GET", "/api/v1/strategies", headers={"If-None-Match": first.headers["etag"], **bearer(self.token)})
            self.assertEqual((mine.status, mine.body), (200, first.body))
            self.assertNotEqual(mine.headers["etag"], first.headers["etag"])
        self.assertIn("Authorization", first.headers["vary"])
        self.assertEqual(first.headers["cache-control"], "private, no-cache")

    def test_rows_of_others_are_hidden(self):
        mine = self.call("jobs", expect=200).json()["items"]
        self.assertTrue(mine)
        other = create("reader")
        self.assertEqual(self.sidecar.get("/api/v1/jobs", **bearer(other)).json()["items"], [])
        self.assertEqual(self.sidecar.get(f"/api/v1/jobs/{mine[0]['queue']}/{mine[0]['id']}", **bearer(other)).status, 404)

    def test_a_write_is_never_sent_twice(self):
        """The connection goes away while it runs: nobody knows whether it was done, so nobody does it again."""
        psql("CREATE TABLE api_test.sent (at timestamptz DEFAULT clock_timestamp()); GRANT ALL ON api_test.sent TO api_user;"
             "CREATE FUNCTION api_test.stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO api_test.sent DEFAULT VALUES;"
             " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END $$;"
             "CREATE SEQUENCE api_test.calls; GRANT ALL ON SEQUENCE api_test.calls TO api_user;"
             "CREATE FUNCTION api_test.count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM nextval('api_test.calls');"
             " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END $$;"
             "CREATE TRIGGER api_count BEFORE INSERT ON steward.job FOR EACH ROW EXECUTE FUNCTION api_test.count()")
        try:
            body = json.dumps({"kind": "sql", "payload": {"command": "SELECT 1"}})
            answer = self.sidecar.request("POST", "/api/v1/jobs", body, {**JSON, **bearer(self.token)})
            self.check_problem(answer, 503)
            self.assertEqual(psql("SELECT last_value || ' ' || is_called FROM api_test.calls"), "1 true")
        finally:
            psql("DROP TRIGGER api_count ON steward.job")
        wait_for(lambda: self.sidecar.request("POST", "/api/v1/jobs", body, {**JSON, **bearer(self.token)}).status == 201, "the next connection")

    def test_a_write_after_the_connection_was_lost(self):
        """An idle connection that is gone is noticed before, so that nothing is refused for it."""
        body = json.dumps({"kind": "sql", "payload": {"command": "SELECT 1"}, "run_at": "2100-01-01"})
        for _ in range(5):
            psql("SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE application_name = 'steward' AND pid <> pg_backend_pid()")
            answer = self.sidecar.request("POST", "/api/v1/jobs", body, {**JSON, **bearer(self.token)})
            self.assertEqual(answer.status, 201, answer.body)


if __name__ == "__main__":
    unittest.main()
