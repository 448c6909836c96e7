module tenantry.test/cloudnative-pg

go 1.26.0

require github.com/cloudnative-pg/cloudnative-pg v1.28.0
