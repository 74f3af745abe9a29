print("batchport")
