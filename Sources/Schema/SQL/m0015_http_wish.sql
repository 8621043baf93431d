-- Where the applications file wants to be reached is kept, so that the status can say where it is reached instead.

-- ---------------------------------------------------------------- written by the serve tier

CREATE TABLE http_wish (
  id   INTEGER PRIMARY KEY CHECK (id = 1),  -- one row; none: the file has no http_options
  host TEXT,                                -- http_options.host; NULL: it says none
  port INTEGER                              -- http_options.port; NULL: it says none
) STRICT;
