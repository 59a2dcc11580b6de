"""The floor of a command over HTTP: SELECT by primary key, INSERT, COMMIT, one push to Redis.

What gunicorn runs, on the settings of the API: `tests.benchmarks.floor_app:app()`.
"""

import json
from threading import local
from uuid import uuid4

import falcon
import pymysql
import redis
from pymysql.connections import Connection

from infra.settings import Settings

#: One row to look for; and what is written, which has the size of an event with its key.
TABLES = (
    "CREATE TABLE {views}.floor_read (id INT PRIMARY KEY, body VARCHAR(600))",
    "CREATE TABLE {views}.floor_written (number BIGINT AUTO_INCREMENT PRIMARY KEY, body BLOB)",
    "INSERT INTO {views}.floor_read VALUES (1, REPEAT('x', 300))",
)


class Floor:
    """Answers every POST in the same way, as a bare application would."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = redis.Redis.from_url(settings.redis_url)
        self._here = local()

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_path: str) -> None:
        body = req.bounded_stream.read()
        document = uuid4()
        connection = self._connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM floor_read WHERE id = %s", (1,))
            (found,) = cursor.fetchone() or ("",)
            state = document.bytes + body + found.encode()
            cursor.execute("INSERT INTO floor_written (body) VALUES (%s)", (state,))
            connection.commit()
        self._redis.lpush("floor", "1")
        resp.data = json.dumps({"document": str(document)}).encode()
        resp.content_type = falcon.MEDIA_JSON

    def _connection(self) -> Connection:
        if not hasattr(self._here, "connection"):
            url = self._settings.database_url
            self._here.connection = pymysql.connect(
                unix_socket=str(url.query["unix_socket"]),
                user=url.username,
                password=url.password or "",
                database=self._settings.views,
                charset="utf8mb4",
            )
        connection: Connection = self._here.connection
        return connection


def app() -> "falcon.App[falcon.Request, falcon.Response]":
    """Return the application of this process."""
    made: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    made.add_sink(Floor(Settings.load()), "/v1")
    return made
