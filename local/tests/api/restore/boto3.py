"""As much of boto3 as the program of docs/restore.md uses, over tables that are files of DynamoDB JSON."""

import contextlib
import decimal
import json
import pathlib

PAGE = 100


def plain(item):
    """An item as boto3 has it, but for lists and maps, which stay as they are."""
    read = {"S": str, "N": decimal.Decimal}
    return {name: read[kind](of) if kind in read else value for name, value in item.items() for kind, of in value.items()}


def typed(item):
    written = {str: lambda text: {"S": text}, dict: lambda value: value, decimal.Decimal: lambda number: {"N": str(number)}}
    return {name: written[type(value)](value) for name, value in item.items()}


def key(of):
    return of["PK"], of["SK"]


class Table:
    def __init__(self, file):
        self.file = pathlib.Path(file)
        items = map(plain, json.loads(self.file.read_text()))
        self.items = {key(item): item for item in items}

    def scan(self, ExclusiveStartKey=None, **_):
        left = sorted(one for one in self.items if ExclusiveStartKey is None or one > key(ExclusiveStartKey))
        page = {"Items": [dict(self.items[one]) for one in left[:PAGE]]}
        return page | {"LastEvaluatedKey": dict(zip(("PK", "SK"), left[PAGE - 1]))} if left[PAGE:] else page

    def get_item(self, Key):
        return {"Item": self.items[key(Key)]} if key(Key) in self.items else {}

    @contextlib.contextmanager
    def batch_writer(self):
        yield self
        self.file.write_text(json.dumps([typed(item) for item in self.items.values()]))

    def put_item(self, Item):
        self.items[key(Item)] = Item

    def delete_item(self, Key):
        del self.items[key(Key)]


class Database:
    def __init__(self):
        self.tables = {}

    def Table(self, file):
        if file not in self.tables:
            self.tables[file] = Table(file)
        return self.tables[file]


def resource(_):
    return Database()
