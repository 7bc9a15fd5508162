"""What the gateway logs of an exchange that went wrong names its request and its trace."""

from chassis.testing.log_lines import logged

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_service_that_is_down_is_logged_with_the_ids_of_the_request(open_door):
    client = open_door().browser()
    with logged() as lines:
        answer = client.get("/v1/programs", headers={"traceparent": TRACEPARENT, "x-request-id": "from-the-browser.1"})
    assert answer.status_code == 503
    (line,) = [line for line in lines() if line["event"] == "upstream_failed"]
    assert line["trace_id"] == TRACEPARENT[3:35]
    assert line["request_id"] == "from-the-browser.1"
    assert line["upstream"] == "enrollment"
