-- Two tables of which only the names are known, joined as streams: their columns are asked for.
CREATE OR REFRESH STREAMING TABLE matched AS
SELECT o.order_id, o.placed_at, p.paid_at, p.amount
FROM STREAM shop.sales.orders AS o WATERMARK placed_at DELAY OF INTERVAL 10 MINUTES
INNER JOIN STREAM shop.sales.payments AS p WATERMARK paid_at DELAY OF INTERVAL 10 MINUTES
ON o.order_id = p.order_id AND p.paid_at BETWEEN o.placed_at - INTERVAL 1 MINUTE AND o.placed_at + INTERVAL 30 MINUTES
WHERE p.amount > 10;
