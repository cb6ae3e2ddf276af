import json

from jobs import ADD, add, say, serve
from openai import OpenAI
from pydantic import BaseModel


class Sum(BaseModel):
    sum: int


def client(job):
    return OpenAI(base_url=job["baseUrl"], api_key="any", max_retries=0)


def create(job):
    completion = client(job).chat.completions.create(model=job["model"], messages=say(job["prompt"]))
    return [completion.choices[0].message.content, completion.choices[0].finish_reason, completion.usage.completion_tokens]


def create_streamed(job):
    stream = client(job).chat.completions.create(model=job["model"], messages=say(job["prompt"]), stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def stream(job):
    with client(job).chat.completions.stream(model=job["model"], messages=say(job["prompt"])) as events:
        return events.get_final_completion().choices[0].message.content


def tool_loop(job):
    tools = [{"type": "function", "function": ADD}]
    messages = say(job["prompt"])
    chat = client(job).chat.completions
    first = chat.create(model=job["model"], messages=messages, tools=tools).choices[0].message
    [call] = first.tool_calls
    result = add(json.loads(call.function.arguments))
    messages += [first, {"role": "tool", "tool_call_id": call.id, "content": result}]
    second = chat.create(model=job["model"], messages=messages, tools=tools)
    return [call.function.name, result, second.choices[0].message.content]


def parse(job):
    completion = client(job).chat.completions.parse(
        model=job["model"], messages=say(job["prompt"]), response_format=Sum
    )
    return completion.choices[0].message.parsed.model_dump()


def responses(job):
    return client(job).responses.create(model=job["model"], input=job["prompt"]).output_text


def responses_stream(job):
    with client(job).responses.stream(model=job["model"], input=job["prompt"]) as events:
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        return [text, events.get_final_response().status]


def embeddings(job):
    data = client(job).embeddings.create(model=job["embedder"], input=["Hi", "Ho"]).data
    return [each.embedding for each in data]


def models(job):
    return [model.id for model in client(job).models.list()]


serve(
    {
        "chat.completions.create": create,
        "chat.completions.create, streamed": create_streamed,
        "chat.completions.stream": stream,
        "chat.completions.create, a tool loop": tool_loop,
        "chat.completions.parse": parse,
        "responses.create": responses,
        "responses.stream": responses_stream,
        "embeddings.create": embeddings,
        "models.list": models,
    }
)
