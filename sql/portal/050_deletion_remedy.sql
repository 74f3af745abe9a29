-- What helps against `delete_trouble`, where somebody can do something.
ALTER TABLE jobs ADD delete_remedy text;
