-- Taking a text apart costs some hundred times what the planner takes for granted. It shall do so for a page of lots that
-- hold a word, and lead everything else through the index.
ALTER FUNCTION exchange.pairs_of_signs(text) COST 10000;
