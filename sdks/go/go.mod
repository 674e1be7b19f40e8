module verdict.example/verdict

go 1.22
