"""S3 servers with users, made by AWS' IAM API, as makers of buckets."""
