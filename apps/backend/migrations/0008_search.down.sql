DROP TABLE search_pending;
DROP TABLE search_block;
DROP TABLE search_index;
