-- Forgets deliveries whose clients have not evidently heard of them and will not ask again. $1 before when, $2 how many.
delete from aox.delivery_receipts
where (account, digest, recipient, sender, message) in (
    select account, digest, recipient, sender, message from aox.delivery_receipts where delivered_at < $1 limit $2)
