from anthropic import Anthropic
from jobs import ADD, add, say, serve


def client(job):
    return Anthropic(base_url=job["url"], api_key="any", max_retries=0)


def asking(job):
    return {"model": job["model"], "max_tokens": 100, "messages": say(job["prompt"])}


def create(job):
    message = client(job).messages.create(**asking(job))
    return [message.content[0].text, message.stop_reason, message.usage.output_tokens]


def stream(job):
    with client(job).messages.stream(**asking(job)) as events:
        text = "".join(events.text_stream)
        return [text, events.get_final_message().stop_reason]


def tool_loop(job):
    tools = [{"name": ADD["name"], "description": ADD["description"], "input_schema": ADD["parameters"]}]
    body = {**asking(job), "tools": tools}
    first = client(job).messages.create(**body)
    [call] = first.content
    result = add(call.input)
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": result}]
    turns = [{"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    second = client(job).messages.create(**{**body, "messages": body["messages"] + turns})
    return [call.name, result, second.content[0].text]


def count_tokens(job):
    return client(job).messages.count_tokens(model=job["model"], messages=say(job["prompt"])).input_tokens


def models(job):
    return [model.id for model in client(job).models.list(limit=1000)]


serve(
    {
        "messages.create": create,
        "messages.stream": stream,
        "messages.create, a tool loop": tool_loop,
        "messages.count_tokens": count_tokens,
        "models.list": models,
    }
)
