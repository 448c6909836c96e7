module tenantry.test/writer

go 1.26.0
